-- POST one order per request, each with the next buyer's token. Everything is built before the first request is sent.
--
-- arguments  1 file of tokens, one a line   2 sale id   3 SKU id   4 threads
-- Prints one line of JSON at the end.

local threads = 0
function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

local requests, at, count = {}, 0, 0
function init(args)
  local headers = { ["Content-Type"] = "application/json" }
  local body = string.format('{"saleId":%s,"skuId":%s,"quantity":1}', args[2], args[3])
  local line = 0
  for token in io.lines(args[1]) do
    if line % tonumber(args[4]) == number then
      headers["Authorization"] = "Bearer " .. token
      count = count + 1
      requests[count] = wrk.format("POST", wrk.path, headers, body)
    end
    line = line + 1
  end
end

function request()
  at = at % count + 1
  return requests[at]
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"refused":%d,"failed":%d,"seconds":%.6f,"p50Milliseconds":%.3f,"p99Milliseconds":%.3f}\n',
    summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
