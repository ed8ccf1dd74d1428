-- Takes from two budgets at once, as much as both have left.
-- KEYS: what is used of the first, what is used of the second.
-- ARGV: wanted; of each budget its limit, what is used of it where the key is not there (-1: nobody knows), seconds
-- after which the key goes. Returns what is granted; -1 where the first is not known, -2 where the second is not.
local granted = tonumber(ARGV[1])
for i = 1, 2 do
  local known = ARGV[i * 3]
  if redis.call('EXISTS', KEYS[i]) == 0 then
    if known == '-1' then return -i end
    redis.call('SET', KEYS[i], known, 'EX', ARGV[i * 3 + 1])
  end
  local left = tonumber(ARGV[i * 3 - 1]) - tonumber(redis.call('GET', KEYS[i]))
  granted = math.max(0, math.min(granted, left))
end
for i = 1, 2 do
  redis.call('INCRBY', KEYS[i], granted)
end
return granted
