-- What wrk sends; `wrk ... -s requests.lua URL -- MODE ARGUMENT...`. Its last line is for bench.py.
--   one METHOD PATH [FILE]    the same request again and again, with the token in FILE
--   turn PATH FILE            one token of FILE after the other, round and round
--   once PATH FILE            the same, and at the end of FILE wrk stops: no token twice
--   forged PATH FILE          the token in FILE with another payload each time: no signature fits
--   opaque PATH               a token that is no JWT, another each time
--   upload PATH FILE BYTES    POST with a body
local mode, next_request
local requests, at = {}, 0

local function lines_of(name)
   local lines = {}
   for line in io.lines(name) do lines[#lines + 1] = line end
   return lines
end

local function format(method, path, token, body)
   return wrk.format(method, path, token and { Authorization = "Bearer " .. token } or nil, body)
end

-- The payload begins with `{"jti":"0`, so that what follows are three times three digits in base64's rhythm.
local function forger(path, token)
   local request = format("GET", path, token)
   local payload = request:find(token, 1, true) + token:find(".", 1, true) -- its first character
   local head, tail = request:sub(1, payload + 11), request:sub(payload + 24)
   local base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
   local digits = {}
   for i = 0, 999 do
      local text = string.format("%03d", i)
      local n = text:byte(1) * 65536 + text:byte(2) * 256 + text:byte(3)
      local out = ""
      for shift = 3, 0, -1 do
         local six = math.floor(n / 64 ^ shift) % 64 + 1
         out = out .. base64:sub(six, six)
      end
      digits[i] = out
   end
   at = os.time() % 1000 * 1000000 + 1
   return function()
      at = at + 1
      return head .. digits[math.floor(at / 1000000) % 1000] .. digits[math.floor(at / 1000) % 1000] ..
         digits[at % 1000] .. tail
   end
end

function init(args)
   mode = args[1]
   if mode == "one" then
      local fixed = format(args[2], args[3], args[4] and lines_of(args[4])[1])
      next_request = function() return fixed end
   elseif mode == "upload" then
      local fixed = format("POST", args[2], lines_of(args[3])[1], string.rep("x", tonumber(args[4])))
      next_request = function() return fixed end
   elseif mode == "forged" then
      next_request = forger(args[2], lines_of(args[3])[1])
   elseif mode == "opaque" then
      at = os.time() % 1000 * 1000000
      next_request = function()
         at = at + 1
         return format("GET", args[2], "opaque-token-" .. at)
      end
   else
      for _, token in ipairs(lines_of(args[3])) do requests[#requests + 1] = format("GET", args[2], token) end
      next_request = function()
         if at == #requests then
            if mode == "once" then
               wrk.thread:stop()
               io.write("NO MORE TOKENS\n") -- wrk itself would sleep on; measure.py ends it
               io.flush()
            end
            at = 0
         end
         at = at + 1
         return requests[at]
      end
   end
end

function request() return next_request() end

function done(summary, latency)
   local e = summary.errors
   io.write(string.format(
      "BENCH {\"requests\": %d, \"seconds\": %f, \"refused\": %d, \"broken\": %d, \"p50\": %f, \"p99\": %f, \"p999\": %f}\n",
      summary.requests, summary.duration / 1e6, e.status, e.connect + e.read + e.write + e.timeout,
      latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency:percentile(99.9) / 1e3))
end
