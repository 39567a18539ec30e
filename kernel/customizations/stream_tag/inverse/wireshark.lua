-- SPDX-License-Identifier: GPL-2.0-or-later
-- stream_tag: the sequence number of a part of a stream.

return function(l45)
  return {
    name = "stream_tag",
    fields = l45.frame_fields,
    stream = function(flow, state, bytes)
      return l45.frame(flow, state, bytes, 0)
    end,
  }
end
