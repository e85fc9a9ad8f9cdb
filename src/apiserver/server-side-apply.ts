/** Server-side apply: merge what one manager wants into the live object, by field ownership. */
import { ApiError } from "./api-error.ts";
import type { ApiObject, Json } from "./api-object.ts";
import type { ServerState } from "./server-state.ts";
import type { WriteContext } from "./write.ts";

export async function serverSideApply(
  _state: ServerState,
  _context: WriteContext,
  _body: Json,
  _force: boolean,
): Promise<{ object: ApiObject; created: boolean }> {
  throw new ApiError(415, "UnsupportedMediaType", "server-side apply is not served yet");
}
