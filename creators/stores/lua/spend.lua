-- Adds an amount to what was spent under a key, unless that would exceed a limit.
-- KEYS: what was spent. ARGV: amount (negative gives back), limit, seconds after which the key goes.
-- Returns 1 where it was added, 0 where not.
local spent = tonumber(redis.call('GET', KEYS[1]) or '0')
local amount = tonumber(ARGV[1])
if amount > 0 and spent + amount > tonumber(ARGV[2]) then
  return 0
end
-- Not INCRBYFLOAT: within a script it writes past the end of its own arguments and ends Redis 6.2 a moment later.
redis.call('SET', KEYS[1], string.format('%.9f', spent + amount), 'EX', ARGV[3])
return 1
