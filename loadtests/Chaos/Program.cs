using Seckill.Chaos;

return await ChaosCommand.RunAsync(args);
