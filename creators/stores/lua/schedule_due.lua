-- What is due in each lane and group that is not held, the longest due first, but for what is in hand already.
-- KEYS: targets in hand, times that targets came back, groups that are held, then one sorted set each.
-- ARGV: most of each set, then the group of each set. Returns {{{target, times it came back}, ...}, ...}.
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local found = {}
for i = 4, #KEYS do
  local due = {}
  local held = tonumber(redis.call('HGET', KEYS[3], ARGV[i - 2]) or '0')
  if held <= now then
    for _, target in ipairs(redis.call('ZRANGEBYSCORE', KEYS[i], '-inf', now, 'LIMIT', 0, ARGV[1])) do
      if not redis.call('ZSCORE', KEYS[1], target) then
        due[#due + 1] = {target, tonumber(redis.call('HGET', KEYS[2], target) or '0')}
      end
    end
  end
  found[#found + 1] = due
end
return cjson.encode(found)
