using System.Data;
using System.Runtime.CompilerServices;
using Dapper;

namespace Seckill.Shared.Connections;

/// <summary>
/// The one way in which rows become records: a column <c>sale_id</c> is the constructor parameter <c>SaleId</c>, in the order of the
/// columns; a <c>timestamptz</c> is a <see cref="DateTime"/> or a <see cref="DateTimeOffset"/>, in UTC. Set when this assembly loads,
/// before its first query.
/// </summary>
internal static class RowMapping
{
#pragma warning disable CA2255 // Every process and every test that runs a query loads this assembly, and none may forget the call.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Use()
    {
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        SqlMapper.AddTypeHandler(new UtcTimeHandler());
    }

    private sealed class UtcTimeHandler : SqlMapper.TypeHandler<DateTimeOffset>
    {
        public override DateTimeOffset Parse(object value) => value as DateTimeOffset? ?? new DateTimeOffset((DateTime)value);

        public override void SetValue(IDbDataParameter parameter, DateTimeOffset value) => parameter.Value = value.ToUniversalTime();
    }
}
