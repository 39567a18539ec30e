-- SPDX-License-Identifier: GPL-2.0-or-later
-- dns_compress: the query that was compressed.

local SIGNATURE_LEN = 4
local HAS_RD, HAS_AD, HAS_CD, HAS_OPT, HAS_DO, IS_A, IS_AAAA, UNKNOWN = 1, 2, 4, 8, 16, 32, 64, 128
local VERBATIM = IS_A + IS_AAAA
local TYPE_A, TYPE_AAAA = 1, 28

-- Bytes of the name at this place, or nil.
local function name_len(bytes, at)
  local from = at
  while at <= #bytes do
    local label = bytes:byte(at)
    at = at + 1 + label
    if label == 0 then return at - from end
    if label > 63 then return nil end
  end
  return nil
end

return function(l45)
  local function signature(flow)
    local third = bit.bor(flow.mark:byte(3), 0x78)
    return flow.mark:sub(1, 2) .. string.char(third) .. flow.mark:sub(4, 4)
  end

  local function expand(bytes, has)
    local function is(flag)
      return bit.band(has, flag) ~= 0
    end
    local function one_if(flag, value)
      return is(flag) and value or 0
    end
    local at = SIGNATURE_LEN + 2
    local id = bytes:sub(at, at + 1)
    at = at + 2
    local type = is(IS_A) and TYPE_A or TYPE_AAAA
    if not is(VERBATIM) then
      if #bytes < at + 1 then return nil end
      type = l45.u16(bytes, at)
      at = at + 2
    end
    local name = name_len(bytes, at)
    if not name or is(HAS_OPT) and #bytes < at + name + 1 then return nil end
    local flags = one_if(HAS_RD, 0x100) + one_if(HAS_AD, 0x20) + one_if(HAS_CD, 0x10)
    local header = id .. l45.put16(flags) .. "\0\1\0\0\0\0\0" .. (is(HAS_OPT) and "\1" or "\0")
    local question = l45.put16(type) .. "\0\1"
    local steps = { { skip = at - 1, says = {}, insert = header, copy = name }, { insert = question } }
    if is(HAS_OPT) then
      local options = #bytes - (at + name + 1)
      steps[2] = { insert = question .. "\0\0\41", copy = 2 }
      steps[3] = { insert = "\0\0" .. (is(HAS_DO) and "\128\0" or "\0\0") .. l45.put16(options) }
    end
    return steps
  end

  return {
    name = "dns_compress",
    datagram = function(flow, bytes)
      if not l45.is_at(bytes, 1, signature(flow)) or #bytes <= SIGNATURE_LEN then return nil end
      local has = bytes:byte(SIGNATURE_LEN + 1)
      if has == VERBATIM then return { { skip = SIGNATURE_LEN + 1, says = {} } } end
      if has >= UNKNOWN then return nil end
      return expand(bytes, has)
    end,
  }
end
