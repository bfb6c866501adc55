using System.Data;
using System.Reflection;
using Dapper;
using DbUp;
using DbUp.Engine;
using DbUp.Engine.Transactions;
using DbUp.Support;

namespace Seckill.Shared.Schema;

/// <summary>
/// The scripts of one database, applied by DbUp. All that are missing run in one transaction that holds an advisory lock: any number of
/// processes may start at once, and a failed script or a killed process leaves nothing half applied. The rights of the roles
/// (<c>privileges</c>) are set at the end of the same transaction, each time.
/// </summary>
/// <param name="Assembly">Has them as its only resources of the form <c>NNN_name.sql</c>, and perhaps one <c>privileges</c>.</param>
/// <param name="Table">The journal: the versions that are applied. Created if it is missing.</param>
/// <param name="AdvisoryLock">The key of the lock, the same in all builds.</param>
public sealed record SchemaScripts(Assembly Assembly, string Table, long AdvisoryLock)
{
    private const string Privileges = "privileges";

    /// <summary>What is missing, and whether this user may apply it. Takes no lock.</summary>
    /// <exception cref="NpgsqlException">PostgreSQL is down, or the user may not read the journal.</exception>
    public async Task<SchemaStanding> ReadAsync(NpgsqlConnection connection)
    {
        var (exists, mayMigrate) = await connection.QuerySingleAsync<(bool, bool)>(
            """
            select to_regclass(@Table) is not null,
              coalesce(has_schema_privilege(current_schema(), 'create'), false)
              and coalesce((select pg_has_role(relowner, 'usage') from pg_class where oid = to_regclass(@Table)), true)
            """,
            new { Table });
        var applied = exists ? (await connection.QueryAsync<int>($"select version from {Table}")).ToHashSet() : [];
        return new SchemaStanding([.. Versions().Where(version => !applied.Contains(version)).Order()], mayMigrate);
    }

    /// <summary>Applies what is missing, and closes the connection.</summary>
    /// <returns>The scripts that were applied.</returns>
    /// <exception cref="NpgsqlException">PostgreSQL is down, or refuses a script. Nothing was applied.</exception>
    public Task<IReadOnlyList<string>> ApplyAsync(NpgsqlConnection connection) =>
        // DbUp blocks, and waits for the lock while others migrate: on a thread of its own, not on one of the pool.
        Task.Factory.StartNew(() => Apply(connection), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private IReadOnlyList<string> Apply(NpgsqlConnection connection)
    {
        using var closed = connection;
        var result = DeployChanges.To.PostgresqlDatabase(new OpenConnection(connection))
            .WithScriptsEmbeddedInAssembly(Assembly, IsScript)
            .WithScriptsEmbeddedInAssembly(
                Assembly, name => name == Privileges,
                new SqlScriptOptions { ScriptType = ScriptType.RunAlways, RunGroupOrder = int.MaxValue })
            .JournalTo((connections, _) => new Journal(this, connection, connections()))
            .WithTransaction()
            // $name$ in a function body is PostgreSQL's quoting, not a variable of DbUp.
            .WithVariablesDisabled()
            // DbUp logs each attempt while PostgreSQL is down as an error with a stack trace; the caller needs one line.
            .LogToNowhere()
            .Build().PerformUpgrade();
        return result.Successful ? [.. result.Scripts.Select(script => script.Name).Where(IsScript)] : throw result.Error;
    }

    private static bool IsScript(string resource) => resource.EndsWith(".sql", StringComparison.Ordinal);

    private IEnumerable<int> Versions() => Assembly.GetManifestResourceNames().Where(IsScript).Select(VersionOf);

    private static int VersionOf(string script) => int.Parse(script.AsSpan(0, 3), NumberStyles.None, CultureInfo.InvariantCulture);

    // DbUp's own would open another connection, and without a limit to the wait.
    private sealed class OpenConnection(NpgsqlConnection connection) : DatabaseConnectionManager(_ => connection)
    {
        // Npgsql splits statements itself.
        public override IEnumerable<string> SplitScriptIntoCommands(string scriptContents) => [scriptContents];
    }

    // DbUp's own table has the names of scripts; ours has their numbers, as every database has that was migrated before DbUp.
    private sealed class Journal(SchemaScripts scripts, NpgsqlConnection connection, IConnectionManager connections) : IJournal
    {
        // The first that DbUp asks in its transaction, so the lock is taken here.
        public string[] GetExecutedScripts() => connections.ExecuteCommandsWithManagedConnection(_ =>
        {
            connection.Execute(
                $"""
                select pg_advisory_xact_lock({scripts.AdvisoryLock});
                create table if not exists {scripts.Table} (version int primary key, applied_at timestamptz not null default now());
                """);
            var versions = connection.Query<int>($"select version from {scripts.Table}").ToHashSet();
            return scripts.Assembly.GetManifestResourceNames()
                .Where(name => IsScript(name) && versions.Contains(VersionOf(name))).ToArray();
        });

        public void StoreExecutedScript(SqlScript script, Func<IDbCommand> dbCommandFactory)
        {
            if (IsScript(script.Name))
            {
                connection.Execute($"insert into {scripts.Table} (version) values (@Version)", new { Version = VersionOf(script.Name) });
            }
        }

        // It exists since the lock was taken.
        public void EnsureTableExistsAndIsLatestVersion(Func<IDbCommand> dbCommandFactory) { }
    }
}

/// <summary>How a database stands to the scripts of a build.</summary>
/// <param name="Missing">The versions that are not applied, ascending.</param>
/// <param name="MayMigrate">True when the user owns the schema, or may create it.</param>
public sealed record SchemaStanding(IReadOnlyList<int> Missing, bool MayMigrate);
