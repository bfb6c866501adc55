-- Looks whether an item is running low or sold out, and hands each crossing that nobody has told yet to one caller.
--
-- KEYS  1 item    2 alerts
-- ARGV  1 share of the allocation at which stock is low, 0 to 1   2 ms that the caller has to tell what it was handed
-- Returns nothing when the item is not warm, else
--       { now ms, available, allocated, number of the low-stock crossing to tell, number of the sold-out crossing to tell },
--       0 where there is nothing to tell
--
-- Alerts hold for 'low' and 'sold_out' the number of the last crossing and what became of it: '<n> <claimed until ms>',
-- '<n> told', or '<n> above' since stock is above the mark again. A claim that runs out is handed out again, same number.

local item = redis.call('HMGET', KEYS[1], 'available', 'allocated')
if not item[1] then return {} end
local available, allocated = tonumber(item[1]), tonumber(item[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function claim(mark, crossed)
  local number, state = string.match(redis.call('HGET', KEYS[2], mark) or '0 above', '^(%d+) (.+)$')
  if not crossed then
    if state ~= 'above' then redis.call('HSET', KEYS[2], mark, number .. ' above') end
    return 0
  end
  if state == 'told' or (tonumber(state) or 0) > now then return 0 end
  if state == 'above' then number = number + 1 end
  redis.call('HSET', KEYS[2], mark, string.format('%d %d', number, now + ARGV[2]))
  return tonumber(number)
end

-- A hair more, because 100 * 0.29 is less than 29.
local low_mark = math.floor(allocated * ARGV[1] + 0.000001)
return { now, available, allocated, claim('low', available <= low_mark), claim('sold_out', available == 0) }
