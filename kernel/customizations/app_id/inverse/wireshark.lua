-- SPDX-License-Identifier: GPL-2.0-or-later
-- app_id: the application that sent a datagram, or a part of a stream.

return function(l45)
  local TAG_LEN = l45.MARK_LEN + l45.APPLICATION_LEN

  local function id(bytes, at)
    return l45.text(bytes, at, l45.APPLICATION_LEN)
  end

  return {
    name = "app_id",
    fields = l45.frame_fields,
    datagram = function(flow, bytes)
      if #bytes < TAG_LEN or not l45.is_at(bytes, 1, flow.mark) then return nil end
      return { { skip = TAG_LEN, says = { app_id = id(bytes, l45.MARK_LEN + 1) } } }
    end,
    stream = function(flow, state, bytes)
      local step = l45.frame(flow, state, bytes, l45.APPLICATION_LEN)
      if step and step.says then step.says.app_id = id(bytes, step.skip - l45.APPLICATION_LEN + 1) end
      return step
    end,
  }
end
