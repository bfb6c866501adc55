using Seckill.Scenarios.Chaos;

// The same program runs the tests, for whoever runs tests, and long series of chaos runs, for ./seckill chaos.
return args is ["chaos", .. var options]
    ? await ChaosCommand.RunAsync(options)
    : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
