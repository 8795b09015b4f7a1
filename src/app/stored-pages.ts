/** What clients are shown of responses that the gateway keeps itself. */
import { unreachable } from "../core/errors.ts";
import type { StoredPages } from "../protocols/door.ts";
import { deletedBody, inputItemsPage, retrieveBody } from "../protocols/responses/translation/stored.ts";

const OUR_IDS = "resp_vp";

export const storedPages: StoredPages = {
  isOurs: (id) => id.startsWith(OUR_IDS),
  render(act, stored, query) {
    switch (act) {
      case "retrieve":
        return retrieveBody(stored);
      case "delete":
        return deletedBody(stored.id);
      case "input_items":
        return inputItemsPage(stored, query);
      default:
        return unreachable(act);
    }
  },
};
