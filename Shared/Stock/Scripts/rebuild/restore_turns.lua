-- (12) Restores when buyers of a sale with a waiting room last ordered: a pass that was used before a loss is not accepted after it.
-- Repeatable at any time: a later time stays.
--
-- KEYS  1 keys
-- ARGV  for each order: user id, reserved at (unix ms)
-- Returns the number of buyers whose time was changed
-- Uses: integer, pieces

local users, newest, known, changed = {}, {}, {}, {}
for i = 1, #ARGV, 2 do
  if not newest[ARGV[i]] then users[#users + 1] = ARGV[i] end
  newest[ARGV[i]] = math.max(newest[ARGV[i]] or 0, integer(ARGV[i + 1]))
end
for i, time in ipairs(call_in_pieces('HMGET', KEYS[1], users)) do known[users[i]] = integer(time) end
for _, user in ipairs(users) do
  if newest[user] > known[user] then
    changed[#changed + 1] = user
    changed[#changed + 1] = string.format('%d', newest[user])
  end
end
call_in_pieces('HSET', KEYS[1], changed)
return #changed / 2
