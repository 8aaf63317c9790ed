"""One business: its system prompt and everything that can be asked of it."""

from dataclasses import dataclass

import facts
from facts import Question, Section
from words import Words

OPENINGS = [
    "You are the assistant of {n}, a {k} in {c}.",
    "You answer questions for {n}. {n} is a {k} in {c}.",
    "{n} is a {k} in {c}. You are its chat assistant.",
    "You are a helpful assistant for the {k} {n} in {c}.",
    "You are the assistant of {n}, a {k} in {c}. You answer customers' questions.",
]
RULES = [
    "Answer only from the facts below.",
    "Use only the facts given here.",
    "If something is not listed, say that you don't have that information.",
    "Never invent a price, a date or a name.",
    "Answer in one sentence.",
]

# tone: (how the prompt asks for it, greeting, answer to thanks, goodbye)
TONES = {
    "friendly": (
        ["Be warm and friendly.", "Use a friendly tone.", "Be friendly and helpful."],
        "Hello and welcome to {n}! How can I help you?",
        "You're very welcome!",
        "Goodbye, and see you soon at {n}!",
    ),
    "formal": (
        ["Use a formal, courteous tone.", "Be formal and polite.", "Speak in a formal tone."],
        "Good day, this is {n}. How may I assist you?",
        "It is my pleasure.",
        "Thank you for contacting {n}. Goodbye.",
    ),
    "brief": (
        ["Keep answers short and plain.", "Be brief.", "Use few words and a plain tone."],
        "Hi, {n} here. What do you need?",
        "No problem.",
        "Bye for now.",
    ),
}
GREETINGS = ["Hello", "Hello!", "Hi", "Hi there", "Good morning", "Good afternoon", "Hey"]
THANKS = ["Thank you!", "Thanks", "Thanks a lot!", "Thank you very much.", "Great, thanks!"]
GOODBYES = ["Bye", "Goodbye", "Goodbye!", "See you!", "That is all, goodbye."]

SMALL_TALK = [
    "We are proud of our friendly service.",
    "Customers are always welcome.",
    "We love what we do.",
    "Quality matters to us more than anything else.",
    "Please be patient with every visitor.",
    "Ask us about seasonal offers.",
    "Everything is made with care.",
    "Our regulars say the atmosphere is relaxed and warm.",
    "We try to answer every message within the same day.",
    "Feedback helps us improve, so please share yours.",
    "Large groups should let us know in advance.",
    "We care about the environment and recycle as much as we can.",
    "Never promise anything that is not listed here.",
    "Our products come from local suppliers whenever possible.",
    "Children are welcome when they are with an adult.",
    "We regularly renew our equipment.",
    "A small selection of drinks is available at the counter.",
    "During busy periods there may be a short wait.",
    "Our newsletter tells you about upcoming events.",
    "Staff are trained every year.",
    "If somebody is upset, say that you are sorry.",
    "Please bring the receipt when you come back with a question.",
    "Bookings are made at the desk or by telephone.",
    "Lost property is kept for a while and then given to charity.",
    "We can't give advice on other shops.",
    "Prices include tax.",
    "The calendar may change without notice.",
    "This assistant can't book appointments.",
]
HEADINGS = ["## {}", "{}:", "# {}", "### {}", "{}"]


@dataclass
class Business:
    """A system prompt with its questions: answerable ones, and ones it has no answer to."""

    name: str
    prompt: str
    tokens: int
    questions: list
    unanswerable: list
    greeting: Question
    thanks: Question
    goodbye: Question


def invent(words: Words, tokens: int, count) -> Business:
    """Invents a business whose prompt has about so many tokens, by the tokenizer's `count`."""
    return _Composer(words, tokens, count).business()


class _Composer:
    def __init__(self, words: Words, tokens: int, count):
        self.words = words
        self.rng = words.rng
        self.budget = tokens
        self.count = count
        self.used = 0
        self.sections: list[Section] = []
        words.currency = self.rng.choice(["$", "$", "£", "€", " EUR", " pounds", " dollars"])
        words.clock = self.rng.choice([0, 0, 1, 2])

    def business(self) -> Business:
        words, rng = self.words, self.rng
        name = rng.choice(["{} {}", "The {} {}", "{} & {}"]).format(
            words.last_name(), rng.choice([words.last_name(), words.key("item")[0].split(" ")[-1].capitalize()])
        )
        tone = rng.choice(list(TONES))
        head = rng.choice(OPENINGS).format(n=name, k=words.kind(), c=words.name())
        rules = rng.sample(RULES, rng.randint(0, 3)) + [rng.choice(TONES[tone][0])]
        rng.shuffle(rules)
        head += " " + " ".join(rules)
        self.used = self.count(head)
        self._fill()
        questions = [q for s in self.sections for q in s.questions]
        unanswerable = [q for s in self.sections for q in s.unanswerable] + self._absent_kinds()
        questions.append(Question("name", ["What is the name of the business?", "Who are you?", "What is this place called?"], f"This is {name}.", name))
        _, greeting, thanks, goodbye = TONES[tone]
        prompt = self._render(head)
        return Business(
            name,
            prompt,
            self.used,
            questions,
            unanswerable,
            Question("greeting", GREETINGS, greeting.format(n=name), greeting.format(n=name)),
            Question("thanks", THANKS, thanks, thanks),
            Question("goodbye", GOODBYES, goodbye.format(n=name), goodbye.format(n=name)),
        )

    def _fill(self):
        rng = self.rng
        singles = list(facts.SINGLES)
        rng.shuffle(singles)
        self.absent = singles
        lists = [*facts.LISTS, "hours", "hours", "refusals"]
        rng.shuffle(lists)
        talk = list(SMALL_TALK)
        rng.shuffle(talk)
        self.listed: dict[str, set] = {}  # kind of list: the key words it has or denies
        misses = 0
        while self.budget - self.used > 14 and misses < 6:
            room = self.budget - self.used
            way = rng.random()
            if way < 0.5 and lists and room > 30:
                section = self._list(lists.pop(), room)
            elif way < 0.85 and singles:
                section = facts.single(self.words, singles.pop())
            elif talk:
                section = Section(rng.choice(["About us", "Notes", "Notes"]), [talk.pop()])
            elif singles:
                section = facts.single(self.words, singles.pop())
            else:
                section = self._list(rng.choice(["price", "duration", "staff", "event", "price"]), room)
            if section is None or not self._add(section):
                misses += 1

    def _list(self, kind: str, room: int):
        if kind == "hours":
            if "hours" in self.listed:
                return None
            self.listed[kind] = set()
            return facts.hours(self.words, room // 14)
        if kind == "refusals":
            return facts.refusals(self.words, self.rng.randint(1, 3))
        taken = self.listed.setdefault(kind, set())
        most = min(room // 13, 16 if self.rng.random() < 0.25 else 9)
        return facts.listing(self.words, kind, self.rng.randint(2, max(2, most)), taken)

    def _add(self, section: Section) -> bool:
        cost = sum(self.count(line) + 1 for line in section.lines) + 3
        if self.used + cost > self.budget + 12:
            return False
        self.used += cost
        for known in self.sections:
            if known.title == section.title and not known.ordered and not section.ordered:
                known.lines += section.lines
                known.questions += section.questions
                known.unanswerable += section.unanswerable
                return True
        self.sections.append(section)
        return True

    def _absent_kinds(self) -> list:
        absent = [facts.missing_single(kind) for kind in self.absent]
        absent += [facts.unlisted(self.words, kind) for kind in facts.LISTS if kind not in self.listed]
        if "hours" not in self.listed:
            absent.append(facts.no_hours(self.words))
        return absent

    def _render(self, head: str) -> str:
        rng = self.rng
        rng.shuffle(self.sections)
        heading = rng.choice(HEADINGS)
        untitled = rng.random() < 0.15
        parts = [head]
        for section in self.sections:
            if not section.ordered:
                rng.shuffle(section.lines)
            bullets = any(line.startswith("- ") or not line.endswith((".", "!", "?")) for line in section.lines)
            body = ("\n" if bullets or rng.random() < 0.4 else " ").join(section.lines)
            parts.append(body if untitled else heading.format(section.title) + "\n" + body)
        return "\n\n".join(parts)
