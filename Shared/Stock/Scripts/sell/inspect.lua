-- Reads one item at one instant.
--
-- KEYS  1 item   2 outbox
-- Returns nothing when the item is not warm, else
--       { now ms, available, held, allocated, number, unit price, currency, opens ms, closes ms, state, limit,
--         payment timeout seconds, outbox depth, epoch, units released so far, repairs so far, version of the state, seq,
--         0 or the policy of the waiting room, orders that a user may ever make or 0, seconds of the cool-down or 0 }
-- Uses: time

local item = redis.call('HMGET', KEYS[1],
  'available', 'held', 'allocated', 'number', 'price', 'currency', 'opens', 'closes', 'state', 'limit', 'payment_timeout',
  'epoch', 'released', 'repairs', 'state_version', 'seq', 'room', 'orders_per_user', 'cool_down')
if not item[1] then return {} end
return { now_ms(), item[1], item[2], item[3], item[4], item[5], item[6], item[7], item[8], item[9], item[10], item[11],
  redis.call('ZCARD', KEYS[2]), item[12] or 1, item[13] or 0, item[14] or 0, item[15] or 0, item[16] or 0, item[17] or 0, item[18] or 0,
  item[19] or 0 }
