/** Texts in four scripts, cut as models cut them: what an estimator learns from, and what it is judged on. */

export const scripts = ["english", "chinese", "mixed", "code"] as const;
export type Script = (typeof scripts)[number];

type Texts = { readonly learned: string; readonly judged: string };

const english: Texts = {
  learned:
    "The committee will meet on Thursday to review the proposal, although nobody expects a decision before " +
    "the end of the month. Rainfall was heavier than usual; the harvest, however, came early. You can set a " +
    "maximum number of attempts (three is common) and an initial delay. “Why not?” she asked, looking at the " +
    "map of 1987. In contrast, photosynthesis turns carbon dioxide and water into glucose and oxygen. ",
  judged:
    "Most bridges of that century were built from local stone, and a few of them still carry traffic today. " +
    "When the engine is cold, wait 30 seconds; otherwise it may stall. He didn't answer at once: instead, he " +
    "folded the letter, put it into his coat and went out. Economists disagree about the causes (wages, rents " +
    "and interest rates are named most often), but not about the consequences. ",
};

const chinese: Texts = {
  learned:
    "会议将于周四举行，讨论这项提案，不过没有人指望在月底之前作出决定。今年的降雨比往年更多；收成却来得很早。" +
    "你可以设置最大重试次数（通常是三次）和初始延迟。“为什么不呢？”她看着一九八七年的地图问道。" +
    "相比之下，光合作用把二氧化碳和水转化为葡萄糖以及氧气。",
  judged:
    "那个世纪的桥大多用本地石料建成，其中几座至今仍在通车。发动机冷的时候，请先等三十秒；否则它可能会熄火。" +
    "他没有马上回答：只是把信折好，放进大衣里，走了出去。经济学家对原因看法不一（工资、租金和利率提得最多），" +
    "但对后果并无分歧。",
};

const mixed: Texts = {
  learned:
    "在 TypeScript 里，interface 和 type 的差别不大，但是 declaration merging 只对 interface 有效。" +
    "请先运行 npm install，然后运行 npm test。如果 timeout 太短（例如 500 ms），就把它改成 5000。",
  judged:
    "用 Redis 做 cache 的时候，要给每个 key 设置 TTL，否则内存会一直增长。部署到 Kubernetes 之前，先检查 " +
    "readiness probe 的配置（默认 10 秒），再看 log 里有没有 warning。",
};

const code: Texts = {
  learned:
    "export function retry<T>(run: () => Promise<T>, attemptsMax = 3): Promise<T> {\n" +
    "  for (let attempt = 1; ; attempt++) {\n    try {\n      return await run();\n    } catch (error) {\n" +
    "      if (attempt >= attemptsMax) throw error;\n    }\n  }\n}\n\n" +
    "SELECT id, name FROM users WHERE created_at > '2024-01-01' ORDER BY id DESC LIMIT 10;\n",
  judged:
    'def load(path):\n    with open(path, encoding="utf-8") as file:\n        rows = [line.strip() for line in ' +
    'file]\n    return {row.split("=")[0]: row.split("=")[1] for row in rows if "=" in row}\n\n' +
    'if (user == null || !user.isActive()) {\n    return Optional.empty(); // nobody to ask\n}\n{"a": [1, 2]}\n',
};

const texts: Readonly<Record<Script, Texts>> = { english, chinese, mixed, code };

/** Words with the space after them, marks, and Chinese characters each for itself. */
function piecesOf(text: string): readonly string[] {
  return text.match(/[\u2e80-\uffff“”]|[\w']+ ?|[^\w']\s*/g) ?? [];
}

const pieces = new Map<string, readonly string[]>(
  scripts.flatMap((script) => [
    [`${script} learned`, piecesOf(texts[script].learned)],
    [`${script} judged`, piecesOf(texts[script].judged)],
  ]),
);

/** The text of one script, in its smallest pieces; put together they are the text. */
export function textPieces(script: Script, part: keyof Texts): readonly string[] {
  return pieces.get(`${script} ${part}`) ?? [];
}
