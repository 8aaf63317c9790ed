"""What a business says about itself, how a prompt states it, how customers ask for it, and the one right answer."""

from dataclasses import dataclass, field

from words import DAYS, LANGUAGES, PAYMENTS, Words

UNKNOWN = "I'm sorry, I don't have that information."
REFUSED = "I'm sorry, I can't help with that."


@dataclass(frozen=True)
class Question:
    """One thing a customer may ask.

    kind: the fact's kind, for the evaluation's table
    phrasings: ways to ask
    answer: the whole right answer
    value: the exact fact that a right answer must carry; "" where the answer is that there is none
    unseen_key: whether its key word never occurs in training
    """

    kind: str
    phrasings: list
    answer: str
    value: str
    unseen_key: bool = False


@dataclass
class Section:
    """A part of a prompt and what can be asked of it."""

    title: str
    lines: list
    questions: list = field(default_factory=list)
    unanswerable: list = field(default_factory=list)
    ordered: bool = False


# kind: (section, statements, questions, answer, how its value is drawn)
SINGLES = {
    "phone": (
        "Contact",
        ["Phone: {v}.", "You can call us on {v}.", "Our phone number is {v}.", "Telephone: {v}."],
        ["What is your phone number?", "How can I call you?", "Which number should I call?", "Can I have your phone number?"],
        "Our phone number is {v}.",
        Words.phone,
    ),
    "email": (
        "Contact",
        ["Email: {v} .", "Write to us at {v} .", "Our email address is {v} ."],
        ["What is your email?", "How can I email you?", "What email address should I write to?", "Where can I send an email?"],
        "Our email address is {v} .",
        Words.email,
    ),
    "address": (
        "Contact",
        ["Address: {v}.", "We are located at {v}.", "You will find us at {v}.", "Visit us at {v}."],
        ["Where are you located?", "What is your address?", "Where can I find you?", "Where are you?"],
        "We are located at {v}.",
        Words.street,
    ),
    "website": (
        "Contact",
        ["Website: www.{v} .", "Our website is www.{v} .", "Find us online at www.{v} ."],
        ["What is your website?", "Do you have a website?", "Where can I find you online?"],
        "Our website is www.{v} .",
        Words.domain,
    ),
    "founded": (
        "About us",
        ["We were founded in {v}.", "Founded in {v}.", "We have been in business since {v}.", "Established in {v}."],
        ["When were you founded?", "What year did you start?", "How long have you been in business?"],
        "We were founded in {v}.",
        lambda w: w.number(1890, 2024),
    ),
    "languages": (
        "About us",
        ["We speak {v}.", "Languages: {v}.", "Our staff speak {v}."],
        ["Which languages do you speak?", "What languages do your staff speak?", "Do you speak other languages?"],
        "We speak {v}.",
        lambda w: w.some_of(LANGUAGES),
    ),
    "wifi": (
        "Visitors",
        ["The wifi password is {v} .", "Wifi password: {v} .", "Guests can use the wifi with the password {v} ."],
        ["What is the wifi password?", "How do I get on the wifi?", "Can I have the password for the wifi?"],
        "The wifi password is {v} .",
        Words.code,
    ),
    "parking": (
        "Visitors",
        ["Parking: {v}.", "Parking is available at {v}.", "You can park at {v}.", "The nearest car park is {v}."],
        ["Where can I park?", "Is there parking?", "Where is the car park?", "Do you have parking?"],
        "You can park at {v}.",
        lambda w: w.mine(lambda: w.last_name() + w.rng.choice([" Garage", " Car Park", " Square", " Street"])),
    ),
    "bus": (
        "Visitors",
        ["Bus line {v} stops in front of the door.", "Take bus {v}.", "Nearest bus: line {v}."],
        ["Which bus can I take?", "How do I get there by bus?", "What bus stops near you?"],
        "You can take bus {v}.",
        lambda w: w.mine(lambda: w.rng.choice(["", "", "N", "X"]) + str(w.rng.randint(2, 290))),
    ),
    "door": (
        "Visitors",
        ["The entrance is through door {v}.", "Entrance: door {v}.", "Please enter by door {v}."],
        ["Which door should I use?", "Where is the entrance?", "Which door is the entrance?"],
        "Please use door {v}.",
        lambda w: w.mine(lambda: w.rng.choice("ABCDEFGHKLMN") + str(w.rng.randint(1, 99))),
    ),
    "group": (
        "Visitors",
        ["We take groups of up to {v} people.", "Largest group: {v} people.", "Maximum group size: {v} people."],
        ["How many people can come?", "What is the maximum group size?", "How big can our group be?"],
        "We can take groups of up to {v} people.",
        lambda w: w.number(4, 90),
    ),
    "pets": (
        "Visitors",
        ["Pets are {v}.", "Dogs and other pets are {v}."],
        ["Can I bring my dog?", "Are pets allowed?", "Do you allow animals?"],
        "Pets are {v}.",
        lambda w: w.rng.choice(["welcome", "not allowed"]),
    ),
    "returns": (
        "Policies",
        ["Items can be returned within {v} days.", "Returns: within {v} days.", "We accept returns for {v} days.", "Our return period is {v} days."],
        ["What is your return policy?", "How long do I have to return an item?", "Can I return something?", "How many days do I have for returns?"],
        "You can return items within {v} days.",
        lambda w: w.number(5, 99),
    ),
    "refund": (
        "Policies",
        ["Refunds are paid within {v} working days.", "Refunds take {v} working days.", "Refund time: {v} working days."],
        ["How long does a refund take?", "When do I get my money back?", "How fast are refunds?"],
        "Refunds take {v} working days.",
        lambda w: w.number(2, 40),
    ),
    "warranty": (
        "Policies",
        ["Warranty: {v} months.", "Everything comes with a warranty of {v} months.", "Our warranty lasts {v} months."],
        ["How long is the warranty?", "Do you offer a warranty?", "What warranty do I get?"],
        "Our warranty lasts {v} months.",
        lambda w: w.number(3, 72),
    ),
    "cancel": (
        "Policies",
        ["Cancel at least {v} hours before your appointment.", "Cancellation notice: {v} hours.", "Free cancellation up to {v} hours in advance."],
        ["What is your cancellation policy?", "How late can I cancel?", "Can I cancel for free?", "How much notice do I need to cancel?"],
        "You can cancel up to {v} hours in advance.",
        lambda w: w.number(2, 96),
    ),
    "late fee": (
        "Policies",
        ["The late fee is {v}.", "Late fee: {v}.", "Coming late costs {v}."],
        ["What is the late fee?", "How much do I pay if I am late?", "Is there a fee for being late?"],
        "The late fee is {v}.",
        Words.price,
    ),
    "deposit": (
        "Policies",
        ["A deposit of {v} is required.", "Deposit: {v}.", "We ask for a deposit of {v} when booking."],
        ["Do I need to pay a deposit?", "How much is the deposit?", "What deposit do you ask for?"],
        "We ask for a deposit of {v}.",
        Words.price,
    ),
    "minimum age": (
        "Policies",
        ["Minimum age: {v}.", "Visitors must be at least {v} years old.", "You must be {v} or older."],
        ["What is the minimum age?", "How old do I have to be?", "Is there an age limit?"],
        "The minimum age is {v}.",
        lambda w: w.number(3, 30),
    ),
    "delivery fee": (
        "Delivery",
        ["Delivery costs {v}.", "Delivery fee: {v}.", "We charge {v} for delivery."],
        ["How much is delivery?", "What does delivery cost?", "What is the delivery fee?"],
        "Delivery costs {v}.",
        Words.price,
    ),
    "free shipping": (
        "Delivery",
        ["Orders over {v} ship for free.", "Free shipping from {v}.", "Shipping is free when you spend {v} or more."],
        ["When is shipping free?", "Do you offer free shipping?", "How much do I have to spend for free shipping?"],
        "Shipping is free from {v}.",
        Words.price,
    ),
    "delivery time": (
        "Delivery",
        ["Orders arrive within {v} business days.", "Delivery time: {v} business days.", "Allow {v} business days for delivery."],
        ["How long does delivery take?", "When will my order arrive?", "How fast do you deliver?"],
        "Orders arrive within {v} business days.",
        lambda w: w.number(2, 40),
    ),
    "discount code": (
        "Offers",
        ["Use the code {v} for a discount.", "Discount code: {v} .", "Our current discount code is {v} ."],
        ["Do you have a discount code?", "What is the discount code?", "Is there a promo code?"],
        "Use the discount code {v} .",
        Words.code,
    ),
    "payment": (
        "Payment",
        ["We accept {v}.", "Payment methods: {v}.", "You can pay with {v}."],
        ["How can I pay?", "What payment methods do you accept?", "Which cards do you take?", "What are the ways to pay?"],
        "You can pay with {v}.",
        lambda w: w.some_of(PAYMENTS),
    ),
}


def single(words: Words, kind: str) -> Section:
    title, statements, phrasings, answer, draw = SINGLES[kind]
    value = draw(words)
    line = words.rng.choice(statements).format(v=value)
    return Section(title, [line], [Question(kind, phrasings, answer.format(v=value), value)])


def missing_single(kind: str) -> Question:
    return Question("unknown", SINGLES[kind][2], UNKNOWN, "")


def unknown(asked: list, subject: str) -> Question:
    """A question about something the prompt does not name. The answer names it first, like an answer that knows: whether the prompt
    has it is decided when its words have just been written, which is where the model looks for what follows them."""
    return Question("unknown", asked, f"{subject}? {UNKNOWN}", "")


# kind: (titles, key words, statements, questions, answer as subject and statement, how its value is drawn). Statements name the key before
# the value: a model this small finds what follows a key long before it finds what stood in front of it.
LISTS = {
    "price": (
        ["Prices", "Price list", "What it costs"],
        "item",
        ["- {k}: {v}", "The {k} costs {v}.", "The price of the {k} is {v}.", "For the {k} we charge {v}.", "- {k} ({v})"],
        ["How much is the {k}?", "What does the {k} cost?", "What is the price of the {k}?", "How much do I pay for the {k}?"],
        ("The {k}", " costs {v}."),
        Words.price,
    ),
    "duration": (
        ["Durations", "How long things take", "Times"],
        "item",
        ["- {k}: {v}", "The {k} takes {v}.", "The {k} lasts {v}.", "- {k} ({v})"],
        ["How long does the {k} take?", "What is the duration of the {k}?", "How many minutes is the {k}?"],
        ("The {k}", " takes {v}."),
        Words.minutes,
    ),
    "staff": (
        ["Team", "Our team", "Staff"],
        "role",
        ["- {k}: {v}", "Our {k} is {v}.", "The {k} is called {v}."],
        ["Who is your {k}?", "What is the name of your {k}?", "Who is the {k}?"],
        ("Our {k}", " is {v}."),
        Words.person,
    ),
    "place": (
        ["Where to find things", "Rooms", "In the house"],
        "place",
        ["- {k}: {v}", "The {k}: {v}.", "You will find the {k} at {v}.", "The {k} is at {v}."],
        ["Where is the {k}?", "Where can I find the {k}?", "How do I find the {k}?"],
        ("The {k}", " is at {v}."),
        Words.spot,
    ),
    "event": (
        ["Events", "Calendar", "Dates"],
        "event",
        ["- {k}: {v}", "The {k} is on {v}.", "We hold the {k} on {v}.", "- {k} ({v})"],
        ["When is the {k}?", "On what date is the {k}?", "What is the date of the {k}?"],
        ("The {k}", " is on {v}."),
        Words.date,
    ),
    "plan": (
        ["Membership", "Plans", "Subscriptions"],
        "plan",
        ["- {k} plan: {v} a month", "The {k} plan costs {v} a month.", "Our {k} plan is {v} a month."],
        ["How much is the {k} plan?", "What does the {k} plan cost?", "What is the monthly price of the {k} plan?"],
        ("The {k} plan", " costs {v} a month."),
        Words.price,
    ),
}


def listing(words: Words, kind: str, size: int, taken: set) -> Section:
    """A list of entries, each found by its key word, with the questions for entries that are not there.

    taken: the key words that other lists of this kind in the same prompt have or deny; this list adds its own, so that
    no question has two answers.
    """
    rng = words.rng
    titles, key_kind, statements, phrasings, (subject, statement), draw = LISTS[kind]
    keys: dict[str, bool] = {}
    for _ in range(size * 3):
        word, unseen = words.key(key_kind)
        if word not in taken:
            keys.setdefault(word, unseen)
        if len(keys) == size:
            break
    taken.update(keys)
    section = Section(rng.choice(titles), [], ordered=rng.random() < 0.3)
    form = rng.choice(statements)
    mixed = rng.random() < 0.2
    for key, unseen in keys.items():
        value = draw(words)
        line = (rng.choice(statements) if mixed else form).format(k=key, v=value)
        if not line.startswith("-"):
            line = line[0].upper() + line[1:]
        section.lines.append(line)
        asked = [p.format(k=key) for p in phrasings]
        section.questions.append(Question(kind, asked, (subject + statement).format(k=key, v=value), value, unseen))
    for absent in absent_keys(words, key_kind, list(keys), taken):
        section.unanswerable.append(unknown([p.format(k=absent) for p in phrasings], subject.format(k=absent)))
    return section


def absent_keys(words: Words, key_kind: str, present: list, taken: set) -> list:
    """Key words that are not in a list; half of them are neighbours that share a word with an entry."""
    rng = words.rng
    absent = []
    for _ in range(3):
        other = words.key(key_kind)[0].lower()
        parts = rng.choice(present).split(" ")
        if rng.random() < 0.5 and len(parts) > 1:
            parts[rng.randrange(len(parts))] = other.split(" ")[-1]
            other = " ".join(parts).lower()
        if other not in taken:
            absent.append(other)
    taken.update(absent)
    return absent


def unlisted(words: Words, kind: str) -> Question:
    """A question for an entry of a list that the prompt does not have at all."""
    _, key_kind, _, phrasings, (subject, _), _ = LISTS[kind]
    key = words.key(key_kind)[0].lower()
    return unknown([p.format(k=key) for p in phrasings], subject.format(k=key))


HOURS_OF_DAY = [
    "What time do you open on {d}?",
    "When do you open on {d}?",
    "What time do you close on {d}?",
    "When do you close on {d}?",
    "Until what time are you open on {d}?",
    "Are you open on {d}?",
    "What are your hours on {d}?",
    "When are you open on {d}?",
]


def hours(words: Words, most_days: int) -> Section:
    rng = words.rng
    between = rng.choice([" - ", " to "])
    by_day: dict = {}
    lines = []

    def opening():
        return None if rng.random() < 0.12 else (words.time(5, 12), words.time(13, 23))

    style = rng.choice([0, 0, 1, 1, 2, 2, 3])
    stop = rng.choice(["", "."]) if style != 2 else "."

    def state(label, times):
        return f"{label}: {times[0]}{between}{times[1]}{stop}" if times else f"{label}: closed{stop}"

    if style == 3 and most_days >= 4:
        first = rng.randrange(2, 5)
        spans = [(0, first), (first + 1, 5), (6, 6)] if first < 5 and rng.random() < 0.5 else [(0, 4), (5, 5), (6, 6)]
        for start, end in spans:
            times = opening()
            label = DAYS[start] if start == end else f"{DAYS[start]} to {DAYS[end]}"
            lines.append(state(label, times))
            for day in DAYS[start : end + 1]:
                by_day[day] = times
    else:
        days = DAYS if most_days >= 7 and rng.random() < 0.8 else sorted(rng.sample(DAYS, max(2, min(6, most_days))), key=DAYS.index)
        sentence = rng.choice(["On {d} we are open from {a} to {b}.", "{d}: open {a} to {b}.", "{d} from {a} until {b}."])
        for day in days:
            times = opening()
            by_day[day] = times
            if style == 2 and times:
                lines.append(sentence.format(d=day, a=times[0], b=times[1]))
            else:
                lines.append(state(day, times))
    section = Section("Opening hours", lines, ordered=True)
    for day, times in by_day.items():
        asked = [p.format(d=day) for p in HOURS_OF_DAY]
        if times:
            answer, value = f"On {day} we are open from {times[0]} to {times[1]}.", f"{times[0]} to {times[1]}"
        else:
            answer, value = f"On {day} we are closed.", "closed"
        section.questions.append(Question("hours", asked, answer, value))
    for day in DAYS:
        if day not in by_day:
            section.unanswerable.append(unknown([p.format(d=day) for p in HOURS_OF_DAY], f"On {day}"))
    return section


def no_hours(words: Words) -> Question:
    day = words.rng.choice(DAYS)
    return unknown([p.format(d=day) for p in HOURS_OF_DAY], f"On {day}")


REFUSALS = [
    "Can you help me with {t}?",
    "I have a question about {t}.",
    "What do you think about {t}?",
    "Please tell me something about {t}.",
]


def refusals(words: Words, size: int) -> Section:
    """Topics that the assistant must not talk about."""
    rng = words.rng
    topics: dict[str, bool] = {}
    for _ in range(size):
        topic, unseen = words.key("topic")
        topics[topic] = unseen
    names = list(topics)
    way = rng.random()
    if way < 0.4:
        lines = [f"Do not talk about {t}." for t in names]
    elif way < 0.7:
        lines = [f"Never answer questions about {t}." for t in names]
    else:
        lines = ["Topics to refuse: " + ", ".join(names) + "."]
    section = Section("Rules", lines)
    for topic, unseen in topics.items():
        asked = [p.format(t=topic) for p in REFUSALS]
        section.questions.append(Question("refusal", asked, f"About {topic}? {REFUSED}", REFUSED, unseen))
    other = words.key("topic")[0].lower()
    if other not in topics:
        section.unanswerable.append(unknown([p.format(t=other) for p in REFUSALS], f"About {other}"))
    return section
