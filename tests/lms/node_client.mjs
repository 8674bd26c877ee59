// @kth/canvas-api, an independent client of Canvas, against a server: prints what it read and wrote.
// node node_client.mjs ADDRESS TOKEN COURSE ASSIGNMENT USER SCORE, in a folder with node_modules
import { CanvasApi } from "@kth/canvas-api";

const [address, token, course, assignment, user, score] = process.argv.slice(2);
const canvas = new CanvasApi(`${address}/api/v1/`, token);
const home = `courses/${course}/assignments/${assignment}`;
const about = await canvas.get(home);
const seen = [];
for await (const one of canvas.listItems(`${home}/submissions`, { per_page: 2 })) {
  seen.push(one.user_id);
}
const body = { submission: { posted_grade: score }, comment: { text_comment: "from node" } };
const written = await canvas.request(`${home}/submissions/${user}`, "PUT", body);
const refused = await canvas.get(`courses/${course}/assignments/1`).catch((e) => e.name);
console.log(JSON.stringify({ name: about.json.name, seen, score: written.json.score, refused }));
