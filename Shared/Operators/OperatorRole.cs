namespace Seckill.Shared.Operators;

/// <summary>What an operator may do. Each role may do what the ones before it may.</summary>
public enum OperatorRole
{
    /// <summary>Reads everything of the ops interface, and changes nothing.</summary>
    Viewer,
    /// <summary>Runs sales: opens, closes, changes stock, audits, repairs, replays.</summary>
    Operator,
    /// <summary>Also what cannot be undone or changes the system for all sales: the mode of the dual write, erasure.</summary>
    Admin,
}
