-- The legacy shop's database. The image itself creates the new one, `seckill`.
CREATE DATABASE legacy;
