using System.CommandLine;
using Seckill.LoadTests;
using Seckill.LoadTests.Bench;
using Seckill.LoadTests.Demo;
using Seckill.LoadTests.Load;
using Seckill.LoadTests.Plan;
using Seckill.LoadTests.Queue;
using Seckill.LoadTests.Reporting;
using Seckill.LoadTests.Tokens;

return await CommandRunner.RunAsync(
    new RootCommand("Load tests, demo and benchmarks for a running Seckill system.")
    {
        TokenCommand.Create(),
        VerifyQueueCommand.Create(),
        PlanCommand.Create(),
        DemoCommand.Create(),
        BenchCommand.Create(),
        LoadCommand.Create(),
        CompareCommand.Create(),
    },
    args);
