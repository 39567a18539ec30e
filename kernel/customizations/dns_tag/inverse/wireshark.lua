-- SPDX-License-Identifier: GPL-2.0-or-later
-- dns_tag: the application that sent a DNS message.

local TAG_LEN, HEADER_LEN, PREFIX_LEN = 32, 12, 2

return function(l45)
  local function tag(bytes, at)
    local id = l45.text(bytes, at + l45.MARK_LEN, l45.APPLICATION_LEN)
    return { skip = TAG_LEN, says = { app_id = id } }
  end

  local function datagram(flow, bytes)
    if #bytes <= TAG_LEN + HEADER_LEN then return nil end
    local at = ({ front = 0, middle = HEADER_LEN, ["end"] = #bytes - TAG_LEN })[flow.params.position]
    if not l45.is_at(bytes, at + 1, flow.mark) then return nil end
    return { { copy = at }, tag(bytes, at + 1) }
  end

  -- A message that carries no tag.
  local function pass(bytes)
    return #bytes >= PREFIX_LEN and { pass = PREFIX_LEN + l45.u16(bytes, 1) } or nil
  end

  local function with_tag(bytes, at, copy)
    if #bytes < at + TAG_LEN then return nil end
    local step = tag(bytes, at + 1)
    step.copy = copy
    return step
  end

  local function front(flow, state, bytes)
    if state.tagged then
      if #bytes < PREFIX_LEN then return nil end
      state.tagged = nil
      return { copy = PREFIX_LEN + l45.u16(bytes, 1) }
    end
    local is_mine = l45.is_at(bytes, 1, flow.mark)
    if is_mine == false then return pass(bytes) end
    local step = is_mine and with_tag(bytes, 0) or nil
    state.tagged = step and true
    return step
  end

  local function middle(flow, state, bytes)
    if state.rest then
      local step = with_tag(bytes, 0, state.rest)
      if step then state.rest = nil end
      return step
    end
    if #bytes < PREFIX_LEN then return nil end
    local rest = l45.u16(bytes, 1) - HEADER_LEN
    if rest <= 0 then return pass(bytes) end
    local is_mine = l45.is_at(bytes, PREFIX_LEN + HEADER_LEN + 1, flow.mark)
    if is_mine == false then return pass(bytes) end
    if not is_mine then return nil end
    state.rest = rest
    return { copy = PREFIX_LEN + HEADER_LEN }
  end

  -- The message has gone by as somebody else's when its tag comes.
  local function behind(flow, _, bytes)
    local is_mine = l45.is_at(bytes, 1, flow.mark)
    if is_mine == false then return pass(bytes) end
    return is_mine and with_tag(bytes, 0) or nil
  end

  local positions = { front = front, middle = middle, ["end"] = behind }

  return {
    name = "dns_tag",
    datagram = datagram,
    stream = function(flow, state, bytes)
      return positions[flow.params.position](flow, state, bytes)
    end,
  }
end
