-- Makes an item that is in no sale, for a process that warms up. Every key has an entry from here on, so that reserve.lua creates none:
-- each expires, also when the process dies.
--
-- KEYS  1 item   2 buyers   3 holds   4 outbox   5 orders   6 keys   7 log   8 returned
-- ARGV  1 life (ms)   then the fields of the item, each followed by its value
-- Returns nothing
--
-- What an earlier rehearsal left may be of any type: it is deleted unread.

redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8])
redis.call('HSET', KEYS[1], 'state', 'open', 'held', 0, 'seq', 1, unpack(ARGV, 2))
redis.call('HSET', KEYS[2], '-', 0)
redis.call('HSET', KEYS[3], '-', '')
redis.call('ZADD', KEYS[4], 0, '-')
redis.call('HSET', KEYS[5], '-', '')
redis.call('HSET', KEYS[6], '-', '')
redis.call('RPUSH', KEYS[7], '-')
redis.call('HSET', KEYS[8], '-', '')
for i = 1, #KEYS do redis.call('PEXPIRE', KEYS[i], ARGV[1]) end
