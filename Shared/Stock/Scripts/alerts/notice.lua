-- Checks whether an item is running low or sold out, and hands each crossing that is not reported yet to one caller.
--
-- KEYS  1 item    2 alerts
-- ARGV  1 share of the allocation at which stock is low, 0 to 1   2 ms that the caller has to report what it was handed
-- Returns nothing when the item is not warm, else
--       { now ms, available, allocated, number of the low-stock crossing to report, number of the sold-out crossing to report },
--       0 where there is nothing to report
-- Uses: alert, time
--
-- Alerts hold for 'low' and 'sold_out' the number of the last crossing and its state: '<n> <claimed until ms>', '<n> told' when it is
-- reported, or '<n> above' when stock is above the mark again. A claim that runs out is handed out again under the same number; so is one
-- that would last longer than any claim, because the clock was set back since.

local item = redis.call('HMGET', KEYS[1], 'available', 'allocated')
if not item[1] then return {} end
local available, allocated = tonumber(item[1]), tonumber(item[2])
local alerts, changes, now = redis.call('HMGET', KEYS[2], 'low', 'sold_out'), {}, now_ms()

local function claim(mark, alert, crossed)
  local number, state = parse_alert(alert)
  if not crossed then
    if state ~= 'above' then changes[mark] = number .. ' above' end
    return 0
  end
  local left = (tonumber(state) or 0) - now
  if state == 'told' or (left > 0 and left <= tonumber(ARGV[2])) then return 0 end
  if state == 'above' then number = number + 1 end
  changes[mark] = string.format('%d %d', number, now + ARGV[2])
  return tonumber(number)
end

-- A hair more, because 100 * 0.29 is less than 29.
local low_mark = math.floor(allocated * ARGV[1] + 0.000001)
local low, sold_out = claim('low', alerts[1], available <= low_mark), claim('sold_out', alerts[2], available == 0)
for mark, alert in pairs(changes) do redis.call('HSET', KEYS[2], mark, alert) end
return { now, available, allocated, low, sold_out }
