/** Link-local addresses of IPv6: every interface has one, and they mean nothing outside its network. */
import type { IpAddress } from "../ip/index.ts";

/** fe80::/10 (RFC 4291 section 2.5.6) */
export function isLinkLocal({ family, value }: IpAddress): boolean {
  return family === 6 && value >> 118n === 0xfe80n >> 6n;
}
