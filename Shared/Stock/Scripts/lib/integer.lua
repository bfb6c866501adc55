-- A counter as a number that a Lua number holds exactly; 0 when it is absent. Anything else is an error here, before the first write:
-- HINCRBY would find it after other writes, and Redis does not roll a script back.
local function integer(value)
  if not value then return 0 end
  local number = string.match(value, '^%-?%d+$') and tonumber(value)
  if not number or math.abs(number) > 9007199254740991 then error('not a counter: ' .. value) end
  return number
end
