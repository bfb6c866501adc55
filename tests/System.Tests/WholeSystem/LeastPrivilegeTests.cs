using System.Globalization;
using Dapper;
using Npgsql;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;
using Seckill.Shared.Connections;
using Seckill.Tests.Harness.Processes;
using StackExchange.Redis;

namespace Seckill.System.Tests.WholeSystem;

/// <summary>
/// Promise: the user of a process at a store may do what the process does, and nothing else. Broken by a right too many in deploy/ or in
/// privileges.sql, which an attack here then uses, or by one too few, which stops the sale. Real servers alone know their rules.
/// </summary>
public sealed class LeastPrivilegeTests(LimitedServers servers) : IClassFixture<LimitedServers>
{
    private const string Refused = "42501";

    [Theory]
    // The terms of a sale, of orders and of payments.
    [InlineData("api", "update sale_items set unit_price = 1")]
    [InlineData("worker", "update sale_items set unit_price = 1")]
    [InlineData("api", "update sale_items set allocated = 1000000")]
    [InlineData("worker", "update sale_items set limit_per_user = 1000000")]
    [InlineData("api", "update sales set closes_at = 'infinity'")]
    [InlineData("worker", "update sales set state = 'open'")]
    [InlineData("api", "insert into sales values (1, 'mine', now(), now() + interval '1 day', 60)")]
    [InlineData("api", "update orders set unit_price = 1")]
    [InlineData("worker", "update orders set user_id = 1")]
    [InlineData("inventory", "update orders set quantity = 1")]
    [InlineData("api", "update payments set amount = 1")]
    [InlineData("worker", "insert into payments values ('p', 'o', 1, 'EUR', 'accepted')")]
    [InlineData("worker", "insert into refunds (payment_id, order_id, amount, currency, reason) values ('p', 'o', 1, 'EUR', 'expired')")]
    [InlineData("inventory", "insert into payments values ('p', 'o', 1, 'EUR', 'accepted')")]
    [InlineData("inventory", "insert into orders select * from orders")]
    // Traces.
    [InlineData("api", "delete from orders")]
    [InlineData("inventory", "delete from orders")]
    [InlineData("inventory", "delete from operator_actions")]
    [InlineData("api", "update operator_actions set operator = 'somebody else'")]
    [InlineData("inventory", "delete from payments")]
    [InlineData("inventory", "delete from sales")]
    [InlineData("inventory", "delete from refunds")]
    [InlineData("worker", "truncate quarantined_orders")]
    [InlineData("inventory", "truncate orders")]
    // Secrets, and what concerns other roles.
    [InlineData("api", "select secret from webhooks")]
    [InlineData("worker", "select secret from webhooks")]
    [InlineData("reader", "select secret from webhooks")]
    [InlineData("api", "delete from denied_users")]
    [InlineData("worker", "select * from payments")]
    [InlineData("worker", "select * from operator_actions")]
    [InlineData("reader", "update sale_items set live = 0")]
    [InlineData("reader", "insert into denied_users values (1, 'r', 'me')")]
    [InlineData("inventory", "update dual_write_control set mode = 'off'")]
    // The schema, and the server.
    [InlineData("api", "drop table orders")]
    [InlineData("worker", "alter table sale_items drop constraint sale_items_no_oversell")]
    [InlineData("inventory", "alter table orders disable trigger all")]
    [InlineData("api", "create table mine ()")]
    [InlineData("worker", "create temporary table sale_items ()")]
    [InlineData("inventory", "create schema mine")]
    [InlineData("api", "create or replace function refuse_order(reason text) returns text language sql return 'placed'")]
    [InlineData("api", "update schema_version set version = 1")]
    [InlineData("worker", "alter role seckill_worker superuser")]
    [InlineData("inventory", "create role mine")]
    [InlineData("api", "set role seckill_owner")]
    [InlineData("api", "set session_replication_role = replica")]
    [InlineData("worker", "copy orders to program 'id'")]
    [InlineData("inventory", "select pg_read_file('/etc/passwd')")]
    [InlineData("owner", "alter role seckill_owner superuser")]
    [InlineData("owner", "copy orders to program 'id'")]
    public async Task PostgreSQL_refuses_what_a_role_does_not_do(string role, string attack) =>
        await RefusesAsync(role, "seckill", attack);

    [Theory]
    [InlineData("api", "insert into t_order (order_sn, uid, goods_id, activity_id, num, order_amount, add_time) values ('1',1,1,1,1,1,1)")]
    [InlineData("api", "update t_order set order_status = 1")]
    [InlineData("worker", "delete from t_order")]
    [InlineData("worker", "truncate t_order")]
    [InlineData("worker", "alter table t_order add column mine int")]
    [InlineData("reader", "update t_order set order_status = 1")]
    [InlineData("inventory", "select 1")]
    public async Task The_legacy_database_refuses_what_a_role_does_not_do(string role, string attack) =>
        await RefusesAsync(role, "legacy", attack);

    [Theory]
    [InlineData("select proname from pg_proc where pronamespace = 'public'::regnamespace and prosecdef")]
    [InlineData("select relname from pg_class where relnamespace = 'public'::regnamespace and relowner <> 'seckill_owner'::regrole")]
    [InlineData("""
        select rolname from pg_roles
        where rolname like 'seckill%' and (rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls
          or has_database_privilege(rolname, 'seckill', 'temporary') and rolname <> 'seckill_owner'
          or has_schema_privilege(rolname, 'public', 'create') and rolname <> 'seckill_owner')
        """)]
    [InlineData("select grantee::text from information_schema.role_table_grants where grantee = 'PUBLIC' and table_schema = 'public'")]
    public async Task Nothing_gives_more_rights_than_a_role_has(string offenders) =>
        Assert.Empty(await AskAsync<string>("admin", "seckill", offenders));

    [Theory]
    [InlineData("FLUSHALL")]
    [InlineData("FLUSHDB")]
    [InlineData("CONFIG", "SET", "appendfsync", "no")]
    [InlineData("CONFIG", "REWRITE")]
    [InlineData("KEYS", "*")]
    [InlineData("BGREWRITEAOF")]
    [InlineData("SHUTDOWN", "NOSAVE")]
    [InlineData("REPLICAOF", "NO", "ONE")]
    [InlineData("ACL", "SETUSER", "seckill_api", "+@all")]
    [InlineData("ACL", "LIST")]
    [InlineData("SCRIPT", "FLUSH")]
    [InlineData("CLIENT", "KILL", "TYPE", "normal")]
    [InlineData("MONITOR")]
    [InlineData("RENAME", "seckill:sales", "seckill:mine")]
    [InlineData("DEL", "seckill:sales")]
    [InlineData("SET", "foreign", "1")]
    [InlineData("HSET", "foreign", "field", "1")]
    [InlineData("HGET", "foreign", "field")]
    [InlineData("PUBLISH", "foreign", "1")]
    [InlineData("EVAL", "return redis.call('FLUSHALL')", "0")]
    [InlineData("EVAL", "return redis.call('HSET', 'foreign', 'field', 1)", "0")]
    public async Task Redis_refuses_every_role_what_none_does(string command, params string[] arguments)
    {
        foreach (var role in new[] { "api", "worker", "inventory", "reader" })
        {
            await RefusesAsync(role, command, arguments);
        }
    }

    [Theory]
    [InlineData("worker", "UNLINK", "seckill:sales")]
    [InlineData("worker", "ZADD", "seckill:{1:1}:outbox", "1", "order")]
    [InlineData("worker", "PUBLISH", "seckill:restocked", "1:1")]
    [InlineData("api", "ZREM", "seckill:{1:1}:outbox", "order")]
    [InlineData("api", "HDEL", "seckill:{1:1}:holds", "order")]
    [InlineData("reader", "HSET", "seckill:{1:1}:item", "price", "1")]
    [InlineData("reader", "EVAL", "return 1", "0")]
    public async Task Redis_refuses_a_role_what_only_another_does(string role, string command, params string[] arguments) =>
        await RefusesAsync(role, command, arguments);

    [Fact]
    public async Task Redis_lets_nobody_in_without_a_user()
    {
        var endpoint = servers.RedisOf("api").Split(',')[0];
        await Assert.ThrowsAsync<RedisConnectionException>(async () => await ConnectionMultiplexer.ConnectAsync(endpoint));
    }

    [Theory]
    [InlineData("api")]
    [InlineData("inventory")]
    [InlineData("reader")]
    public async Task RabbitMQ_lets_only_workers_consume_orders(string role)
    {
        const string Queue = OrdersReservedPublisher.QueueName;
        await DeclareAsync();
        await RefusesAsync(role, channel => channel.BasicGetAsync(Queue, autoAck: true));
        await RefusesAsync(role, channel => channel.BasicConsumeAsync(Queue, autoAck: true, new AsyncEventingBasicConsumer(channel)));
        await RefusesAsync(role, channel => channel.QueuePurgeAsync(Queue));
        await RefusesAsync(role, channel => channel.QueueDeleteAsync(Queue));
        await RefusesAsync(role, channel => channel.QueueUnbindAsync(Queue, OrdersReservedPublisher.ExchangeName, ""));
        // A queue of its own, which gets a copy of each message.
        await RefusesAsync(role, channel => channel.QueueDeclareAsync("mine"));
        await RefusesAsync(role, channel => channel.QueueDeclareAsync());
    }

    [Theory]
    [InlineData("worker", OrdersReservedPublisher.ExchangeName)]
    [InlineData("reader", OrdersReservedPublisher.ExchangeName)]
    [InlineData("api", OrdersReservedPublisher.QueueName)]
    [InlineData("inventory", OrdersReservedPublisher.QueueName)]
    [InlineData("api", "seckill.orders")]
    [InlineData("worker", "seckill.orders")]
    // It leads to every queue.
    [InlineData("api", "")]
    [InlineData("worker", "")]
    [InlineData("inventory", "")]
    public async Task RabbitMQ_lets_a_role_publish_only_where_it_must(string role, string exchange)
    {
        await DeclareAsync();
        await RefusesAsync(role, async channel =>
            await channel.BasicPublishAsync(exchange, OrdersReservedPublisher.QueueName, mandatory: true, new byte[] { 1 }));
    }

    [Fact]
    public async Task RabbitMQ_has_no_user_that_everybody_knows() =>
        await Assert.ThrowsAsync<BrokerUnreachableException>(async () => await new ConnectionFactory
        {
            Uri = new UriBuilder(servers.RabbitMqOf("api")) { UserName = "guest", Password = "guest" }.Uri,
        }.CreateConnectionAsync());

    // Refuses with the code of a missing right; any other error would hide that the right is there.
    private async Task RefusesAsync(string role, string database, string attack)
    {
        var error = await Assert.ThrowsAsync<PostgresException>(() => AskAsync<object>(role, database, attack));
        Assert.True(error.SqlState == Refused, $"{role}: {attack} was answered {error.SqlState}: {error.MessageText}");
    }

    private async Task<List<T>> AskAsync<T>(string role, string database, string sql)
    {
        await using var connection = new NpgsqlConnection(servers.PostgresOf(role, database) + ";Pooling=false");
        await connection.OpenAsync();
        // Nothing of an attack that succeeds may stay for the next one.
        await using var transaction = await connection.BeginTransactionAsync();
        return (await connection.QueryAsync<T>(sql)).AsList();
    }

    // Broken by a default user without rights: Redis loads its append-only file in the name of that user.
    [Fact]
    public async Task What_a_script_wrote_together_is_there_after_a_restart_of_Redis()
    {
        RedisKey[] keys = ["seckill:written", "seckill:together"];
        await using (var redis = await ConnectionMultiplexer.ConnectAsync(servers.RedisOf("admin")))
        {
            await redis.GetDatabase().ScriptEvaluateAsync("redis.call('RPUSH', KEYS[1], 1) redis.call('INCR', KEYS[2])", keys);
        }

        await servers.RestartRedisAsync();
        await using var restarted = await ConnectionMultiplexer.ConnectAsync(servers.RedisOf("admin"));
        Assert.Equal(2, await restarted.GetDatabase().KeyExistsAsync(keys));
        await restarted.GetDatabase().KeyDeleteAsync(keys);
    }

    private async Task RefusesAsync(string role, string command, string[] arguments)
    {
        await using var redis = await ConnectionMultiplexer.ConnectAsync(
            servers.RedisOf(role) + ",allowAdmin=true,tiebreaker=,configChannel=");
        var error = await Assert.ThrowsAsync<RedisServerException>(
            () => redis.GetDatabase().ExecuteAsync(command, arguments.Cast<object>().ToArray()));
        Assert.True(
            error.Message.StartsWith("NOPERM", StringComparison.Ordinal)
            || error.Message.StartsWith("ERR The user executing the script can't", StringComparison.Ordinal),
            string.Create(CultureInfo.InvariantCulture, $"{role}: {command} was answered {error.Message}"));
    }

    private async Task RefusesAsync(string role, Func<IChannel, Task> attack)
    {
        await using var connection = await new ConnectionFactory { Uri = servers.RabbitMqOf(role) }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true));
        var error = await Assert.ThrowsAnyAsync<OperationInterruptedException>(() => attack(channel));
        Assert.Equal(Constants.AccessRefused, error.ShutdownReason!.ReplyCode);
    }

    // As the processes declare them.
    private async Task DeclareAsync()
    {
        await using var connection = await new ConnectionFactory { Uri = servers.RabbitMqOf("admin") }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        await channel.ExchangeDeclareAsync("seckill.orders", ExchangeType.Topic, durable: true);
        await channel.ExchangeDeclareAsync(OrdersReservedPublisher.ExchangeName, ExchangeType.Fanout, durable: true);
        await channel.ExchangeDeclareAsync(OrdersReservedPublisher.QueueName, ExchangeType.Fanout, durable: true);
    }
}
