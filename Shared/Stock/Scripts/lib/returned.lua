-- What a user gave back of an item is '<orders> <when the newest came back, unix ms>'. Anything else counts as nothing.
local function parse_returned(entry)
  local orders, newest = string.match(entry or '', '^(%d+) (%d+)$')
  return tonumber(orders or 0), tonumber(newest or 0)
end

local function format_returned(orders, newest) return string.format('%d %d', orders, newest) end
