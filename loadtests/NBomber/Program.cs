using System.CommandLine;
using Seckill.LoadTests;
using Seckill.LoadTests.NBomber;

return await CommandRunner.RunAsync(new RootCommand("Load runs that NBomber sends.") { NBomberCommand.Create() }, args);
