using Seckill.Fuzz;

return await FuzzCommand.RunAsync(args);
