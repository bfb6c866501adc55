-- An alert is '<number of the last crossing> <state>'. Returns both as strings; a malformed alert counts as one that never fired.
local function parse_alert(alert)
  local number, state = string.match(alert or '', '^(%d+) (.+)$')
  return number or '0', state or 'above'
end
