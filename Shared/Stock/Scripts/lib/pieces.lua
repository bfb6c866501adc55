-- Calls a command with a key and a list of any length, 1,000 values at a time: unpack fails at about 8,000. Returns the replies of
-- all calls as one list. 1,000 is even, so that a list of pairs is not cut inside a pair.
local function call_in_pieces(command, key, list)
  local replies = {}
  for first = 1, #list, 1000 do
    local reply = redis.call(command, key, unpack(list, first, math.min(first + 999, #list)))
    for _, value in ipairs(type(reply) == 'table' and reply or {}) do replies[#replies + 1] = value end
  end
  return replies
end
