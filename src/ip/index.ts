/** Addresses, prefixes, ranges and hardware addresses as plain values. */
export {
  addressBytes,
  addressFromBytes,
  compareAddresses,
  formatAddress,
  parseAddress,
  type Family,
  type IpAddress,
} from "./address.ts";
export { formatMac, parseMac, type MacAddress } from "./mac-address.ts";
export {
  comparePrefixes,
  formatPrefix,
  parsePrefix,
  prefixAround,
  prefixContains,
  prefixLast,
  prefixSize,
  type Prefix,
} from "./prefix.ts";
export { parseRange, rangeToPrefixes, type AddressRange } from "./range.ts";
export { PrefixMap } from "./prefix-map.ts";
