-- A Bloom filter in a bitmap: the i-th bit of an item is (first + i * second) mod bits.
-- KEYS: the bitmap. ARGV: 'has' or 'add', bits, hashes, then first and second of each item.
-- Returns 1 for every item all of whose bits were set before, else 0.
local bits, hashes = tonumber(ARGV[2]), tonumber(ARGV[3])
local found = {}
for i = 4, #ARGV, 2 do
  local first, second = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
  local seen = 1
  for n = 0, hashes - 1 do
    local bit = (first + n * second) % bits
    if ARGV[1] == 'add' then
      if redis.call('SETBIT', KEYS[1], bit, 1) == 0 then seen = 0 end
    elseif redis.call('GETBIT', KEYS[1], bit) == 0 then
      seen = 0
      break
    end
  end
  found[#found + 1] = seen
end
return found
