-- The old shop's database. The other, seckill, is made by the image itself.
CREATE DATABASE legacy;
