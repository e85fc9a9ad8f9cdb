/** Community: names for BGP communities, so that advertisements can be read (CRD-17). */
import { definition } from "./definition.ts";
import { empty, list, record, text } from "./fields.ts";

const alias = record("A name and what it stands for.", {
  name: text("The name by which BGPAdvertisements speak of the community."),
  value: text("The community: 65000:1, or large:65000:1:2."),
});

export const community = definition("Community", "communities", [
  {
    description: "Names for BGP communities.",
    spec: record("The names.", { communities: list(alias, "Names and what they stand for.") }),
    status: empty("Nothing yet."),
  },
]);
