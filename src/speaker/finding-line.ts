/** What the failure detector found, as lines of the log. */

import type { Finding } from "../ring/index.ts";

interface Line {
  readonly level: "info" | "warn";
  readonly fields: Readonly<Record<string, unknown>>;
  readonly msg: string;
}

export function findingLine(finding: Finding): Line {
  switch (finding.kind) {
    case "decided": {
      const { about: member, verdict, tookMs, deaf, asked } = finding;
      const fields = { member, verdict, asked, agree: deaf, tookMs: Math.round(tookMs) };
      if (verdict === "dead") {
        const msg = "the member is silent, and those who were asked do not hear it either";
        return { level: "info", fields, msg };
      }
      const msg = "the member is silent, but so are those who were asked: nobody is accused";
      return { level: "warn", fields, msg };
    }
    case "cleared": {
      const msg = "the member was silent for a while, but it is heard: nothing changes";
      return { level: "info", fields: { member: finding.about }, msg };
    }
    case "widened": {
      const { name: member, isWidened, silenceMs } = finding;
      const fields = { member, silenceMs: Math.round(silenceMs) };
      const msg = isWidened
        ? "the network is slow or loses packets: more patience with this member"
        : "the network is quick again: the usual patience with this member";
      return { level: isWidened ? "warn" : "info", fields, msg };
    }
    case "paused": {
      const msg = "this speaker did not run for a while: nobody is accused for that time";
      return { level: "warn", fields: { ms: Math.round(finding.ms) }, msg };
    }
    default: {
      const msg = "a member that counted as dead is back: exchanging what each knows";
      return { level: "info", fields: { member: finding.name }, msg };
    }
  }
}
