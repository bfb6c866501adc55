using System.Runtime.CompilerServices;
using Dapper;

namespace Seckill.Shared.Connections;

/// <summary>
/// The one way in which rows become records: a column <c>sale_id</c> is the constructor parameter <c>SaleId</c>, in the order of the
/// columns. Set when this assembly loads, before its first query.
/// </summary>
internal static class RowMapping
{
#pragma warning disable CA2255 // Every process and every test that runs a query of this system loads this assembly, and none may forget it.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Use() => DefaultTypeMap.MatchNamesWithUnderscores = true;
}
