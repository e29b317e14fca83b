/**
 * The server's clock, in ms; a number as text, without an exponent; and the number after the last one, as text. Numbers begin at the present time, so that a
 * server which has lost or expired the last of them does not give them again.
 */
export const nextNumber: string = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function text(number) return string.format('%.0f', number) end
local function next_number(last) return text(math.max(tonumber(last or 0) + 1, now * 1024)) end
`;
