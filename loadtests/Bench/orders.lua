-- POST one order per request, or GET the address, each with the next buyer's token.
--
-- arguments  1 file of tokens, one a line   2 sale id   3 SKU id   4 threads   5 method, POST or GET
-- Prints one line of JSON at the end.
--
-- Requests are built when they are first sent. wrk starts a thread as soon as its script is ready: if init built them all,
-- the first thread would send while the second still builds, and the rate would be read too high.

local threads = 0
function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

local file, line, step, before, after
function init(args)
  local headers = { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer TOKEN" }
  local body = args[5] == "POST" and string.format('{"saleId":%s,"skuId":%s,"quantity":1}', args[2], args[3]) or nil
  before, after = wrk.format(args[5], wrk.path, headers, body):match("^(.*)TOKEN(.*)$")
  file, line, step = assert(io.open(args[1])), 0, tonumber(args[4])
end

-- The next token of this thread; nil at the end of the file.
local function token()
  repeat
    local text = file:read()
    line = line + 1
    if not text or (line - 1) % step == number then return text end
  until false
end

local requests, at, complete = {}, 0, false
function request()
  local text = not complete and token()
  if text then
    requests[#requests + 1] = before .. text .. after
    return requests[#requests]
  end
  complete = true
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"refused":%d,"failed":%d,"seconds":%.6f,"p50Milliseconds":%.3f,"p99Milliseconds":%.3f}\n',
    summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
