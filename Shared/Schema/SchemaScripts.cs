using System.Data;
using System.Reflection;
using Dapper;
using DbUp;
using DbUp.Engine;
using DbUp.Engine.Transactions;

namespace Seckill.Shared.Schema;

/// <summary>
/// The scripts of one database, applied by DbUp. All that are missing run in one transaction that holds an advisory lock: any number of
/// processes may start at once, and a failed script or a killed process leaves nothing half applied.
/// </summary>
/// <param name="Assembly">Has them as its only resources of the form <c>NNN_name.sql</c>.</param>
/// <param name="Table">The journal: the versions that are applied. Created if it is missing.</param>
/// <param name="AdvisoryLock">The key of the lock, the same in all builds.</param>
public sealed record SchemaScripts(Assembly Assembly, string Table, long AdvisoryLock)
{
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
            .JournalTo((connections, _) => new Journal(this, connection, connections()))
            .WithTransaction()
            // $name$ in a function body is PostgreSQL's quoting, not a variable of DbUp.
            .WithVariablesDisabled()
            // DbUp logs each attempt while PostgreSQL is down as an error with a stack trace; the caller needs one line.
            .LogToNowhere()
            .Build().PerformUpgrade();
        return result.Successful ? [.. result.Scripts.Select(script => script.Name)] : throw result.Error;
    }

    private static bool IsScript(string resource) => resource.EndsWith(".sql", StringComparison.Ordinal);

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

        public void StoreExecutedScript(SqlScript script, Func<IDbCommand> dbCommandFactory) =>
            connection.Execute($"insert into {scripts.Table} (version) values (@Version)", new { Version = VersionOf(script.Name) });

        // It exists since the lock was taken.
        public void EnsureTableExistsAndIsLatestVersion(Func<IDbCommand> dbCommandFactory) { }
    }
}
