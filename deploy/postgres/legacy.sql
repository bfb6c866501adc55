-- The legacy shop's database. The image itself creates the other one, seckill.
CREATE DATABASE legacy;
