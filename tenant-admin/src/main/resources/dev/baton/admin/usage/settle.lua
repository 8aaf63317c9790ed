-- Ends a request's reservation and writes what it used, once for each request id, in one step.
-- KEYS from 5 on: settled, ledger, buckets by minute, hour and day.
-- ARGV: request, key, ms of its end, prompt, cached and completion tokens, group; of each bucket
-- field and expiry in s; expiry of settled in s; ledger's entries and ms; the entry.
local id, key, at_ms = ARGV[1], ARGV[2], tonumber(ARGV[3])
local counts = {1, tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])}
local tokens = counts[2] + counts[4]

memory_only()
release(id, tokens)

lasting()
if redis.call('SADD', KEYS[5], id) == 0 then return {'AGAIN'} end
redis.call('EXPIREAT', KEYS[5], ARGV[14])
charge(key, at_ms, tokens)

local FORM = '^(%d+) (%d+) (%d+) (%d+)$'
local first_of_minute = false
for i = 0, 2 do
  local bucket, field = KEYS[7 + i], ARGV[8 + 2 * i] .. '|' .. ARGV[7]
  local before = redis.call('HGET', bucket, field)
  local sums = {string.match(before or '0 0 0 0', FORM)}
  for j = 1, 4 do sums[j] = text(tonumber(sums[j]) + counts[j]) end
  redis.call('HSET', bucket, field, table.concat(sums, ' '))
  if not before then
    redis.call('EXPIREAT', bucket, ARGV[9 + 2 * i])
    first_of_minute = first_of_minute or i == 0
  end
end

redis.call('XADD', KEYS[6], 'MAXLEN', '~', ARGV[15], '*', unpack(ARGV, 17))
if first_of_minute then
  redis.call('XTRIM', KEYS[6], 'MINID', '~', text(math.max(0, now_ms - tonumber(ARGV[16]))))
end
return {'OK'}
