/** The lab's "Grafana": a login page that says it is none. `grafana-stand-in.ts` listens on port 3000. */
import { createServer } from "node:http";
import { hostname } from "node:os";

/** The page, with the name of the pod that served it. */
function loginPage(pod: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Grafana (stand-in)</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; background: #15171c; color: #d8d9da; margin: 0;
         display: grid; place-items: center; min-height: 100vh }
  main { background: #22252b; padding: 2rem 2.5rem; border-radius: 8px; width: 20rem }
  h1 { font-size: 1.4rem; margin: 0 0 1rem }
  label { display: block; margin-top: .75rem }
  input, button { box-sizing: border-box; width: 100%; font: inherit; padding: .5rem;
                  border-radius: 4px; border: 1px solid #565a63 }
  button { margin-top: 1.25rem; background: #1f60c4; color: #fff; border: 0 }
  p { font-size: .85rem; color: #a3a6ad }
</style>
<main>
  <h1>Welcome to Grafana</h1>
  <form method="post" action="/login">
    <label for="user">Email or username</label>
    <input id="user" name="user" autocomplete="username">
    <label for="password">Password</label>
    <input id="password" name="password" type="password" autocomplete="current-password">
    <button type="submit">Log in</button>
  </form>
  <p>This is not Grafana: it is the small page that stands in for it in the metallb-ts lab.
     Served by pod <b>${pod}</b>.</p>
</main>
</html>
`;
}

if (import.meta.main) {
  const pod = process.env["HOSTNAME"] ?? hostname();
  createServer((request, response) => {
    request.resume();
    response.writeHead(200, { "content-type": "text/html; charset=utf-8", connection: "close" });
    response.end(loginPage(pod));
  }).listen(3000);
  process.on("SIGTERM", () => process.exit(0));
}
