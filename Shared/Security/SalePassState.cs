namespace Seckill.Shared.Security;

/// <summary>What a pass is worth.</summary>
public enum SalePassState
{
    /// <summary>There is none, or it is malformed, forged, or of another buyer or sale.</summary>
    None,
    /// <summary>It was valid.</summary>
    Expired,
    /// <summary>It opens the sale.</summary>
    Valid,
}
