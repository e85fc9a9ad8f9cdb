/** The first byte of messages and layers (section 3 of the gossip rules). */
export const messageType = {
  ping: 0,
  indirectPing: 1,
  ack: 2,
  suspect: 3,
  alive: 4,
  dead: 5,
  pushPull: 6,
  compound: 7,
  user: 8,
  compress: 9,
  encrypt: 10,
  nack: 11,
  checksum: 12,
  error: 13,
  label: 244,
} as const;
