/** The fields of every message in declared order (ML-26a..l). */
import { fieldList } from "./field-list.ts";

export const pingFields = fieldList(
  ["SeqNo", "u32"],
  ["Node", "text"],
  ["SourceAddr", "bytes"],
  ["SourcePort", "u16"],
  ["SourceNode", "text"],
);
export const indirectPingFields = fieldList(
  ["SeqNo", "u32"],
  ["Target", "bytes"],
  ["Port", "u16"],
  ["Node", "text"],
  ["Nack", "bool"],
  ["SourceAddr", "bytes"],
  ["SourcePort", "u16"],
  ["SourceNode", "text"],
);
export const ackFields = fieldList(["SeqNo", "u32"], ["Payload", "bytes"]);
export const nackFields = fieldList(["SeqNo", "u32"]);
export const accusationFields = fieldList(
  ["Incarnation", "u32"],
  ["Node", "text"],
  ["From", "text"],
);
export const aliveFields = fieldList(
  ["Incarnation", "u32"],
  ["Node", "text"],
  ["Addr", "bytes"],
  ["Port", "u16"],
  ["Meta", "bytes"],
  ["Vsn", "bytes"],
);
export const pushPullHeaderFields = fieldList(
  ["Nodes", "int"],
  ["UserStateLen", "int"],
  ["Join", "bool"],
);
export const pushPullNodeFields = fieldList(
  ["Name", "text"],
  ["Addr", "bytes"],
  ["Port", "u16"],
  ["Meta", "bytes"],
  ["Incarnation", "u32"],
  ["State", "int"],
  ["Vsn", "bytes"],
);
export const compressFields = fieldList(["Algo", "u8"], ["Buf", "bytes"]);
export const userHeaderFields = fieldList(["UserMsgLen", "int"]);
export const errorFields = fieldList(["Error", "text"]);
