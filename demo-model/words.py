"""Words and values that businesses are made of.

Everything is drawn so that training and evaluation never share a value: a value belongs to the evaluation when its
CRC-32 is a multiple of HELD_OUT, and key words (items, roles, services) have lists of their own for each side besides
invented ones. The model must read its prompt; there is nothing to remember.
"""

import random
import zlib

HELD_OUT = 5

DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()

KINDS = (
    "bakery,bike shop,hair salon,dental clinic,hotel,restaurant,pet shop,garage,yoga studio,book shop,florist,pharmacy,"
    "gym,language school,camping site,coffee shop,law office,music school,travel agency,hardware store,bank branch,"
    "library,software help desk,swimming pool,museum,furniture store,phone shop,veterinary clinic,cinema,driving school"
).split(",")
UNSEEN_KINDS = "climbing hall,optician,brewery,kayak rental,pottery studio,theatre,shoe shop".split(",")

ADJECTIVES = (
    "blue red green large small deluxe classic vintage organic premium basic family junior senior express evening "
    "morning winter summer spicy sweet fresh smoked wooden steel ceramic leather cotton silver golden royal mini double "
    "single full half hot iced light dark standard quiet private shared short long weekly annual guided"
).split()
UNSEEN_ADJECTIVES = "purple velvet turbo rustic crispy marble nordic copper gentle foggy hollow amber".split()
NOUNS = (
    "mug lamp haircut massage pizza burger salad bike helmet tent jacket shirt session lesson tour ticket cake loaf "
    "coffee tea guitar piano check cleaning repair wash trim facial manicure chair table desk sofa box kit set course "
    "class pass room suite breakfast lunch dinner bouquet wreath puppy bath ring watch bracelet candle soap blanket "
    "pillow drill ladder paint battery charger cable camera lens print frame locker towel service filling crown visit "
    "loan card account transfer licence upgrade backup screen keyboard wheel tyre chain saddle boat rope map novel"
).split()
UNSEEN_NOUNS = (
    "kayak waffle pedicure scooter lantern tapestry risotto exfoliation trampoline microscope sauna violin mattress "
    "umbrella telescope pretzel canoe harness denture hammock"
).split()
ROLES = (
    "manager,owner,head chef,receptionist,lead trainer,accountant,head nurse,senior stylist,mechanic,sales director,"
    "night porter,event planner,dietitian,store assistant,head teacher,gardener,hygienist,web designer,driver,cashier,"
    "caretaker,team leader,press officer,deputy manager,tour guide,data officer,safety officer,head baker"
).split(",")
UNSEEN_ROLES = "sommelier,chief engineer,yoga instructor,librarian,concierge,optometrist,brewmaster".split(",")
PLACES = (
    "reception,children's section,toilets,cafe,meeting room,lost property,workshop,cloakroom,ticket desk,quiet room,"
    "copy shop,gift shop,first aid room,staff office,archive,lounge,service desk,play corner"
).split(",")
UNSEEN_PLACES = "observatory,prayer room,laundry,rooftop terrace,map room".split(",")
EVENTS = (
    "open day,wine tasting,summer party,book reading,repair evening,charity run,jazz night,quiz night,flea market,"
    "winter sale,photo contest,children's day,cooking class,tea party,members' meeting,film night"
).split(",")
UNSEEN_EVENTS = "lantern walk,poetry slam,harvest feast,chess tournament".split(",")
PLANS = "basic,silver,gold,family,student,senior,premium,off-peak,weekend,trial,team,starter,plus,single,daily".split(",")
UNSEEN_PLANS = "platinum,early bird,nomad,duo".split(",")
TOPICS = (
    "medical advice,legal advice,tax questions,other customers,competitors,politics,religion,investment advice,"
    "medicine doses,staff salaries,private addresses,betting,homework,password resets,security codes"
).split(",")
UNSEEN_TOPICS = "diet plans,visa questions,weather forecasts,celebrity gossip".split(",")

UNSEEN_FIRST_NAMES = (
    "Aisha Priya Marcus Olga Hiroshi Fatima Lukas Chiara Dmitri Ingrid Kwame Mateo Noor Siobhan Tomasz Ursula Viktor "
    "Wanda Yusuf Zelda Beatriz Callum Desmond Esther Florian Greta Henrik Imogen Jamal Keiko"
).split()
UNSEEN_LAST_NAMES = (
    "Okafor Nguyen Lindqvist Papadopoulos Hernandez Kowalski Abernathy Ferreira Gallagher Haddad Ivanov Jankowski "
    "Kaminski Laurent Moriarty Nakamura Oyelaran Petrov Quigley Rasmussen Schneider Takahashi Ueda Valdez Whitcombe "
    "Yamamoto Zimmerman Bianchi Castellano Dubois"
).split()

STREETS = "Street Road Lane Avenue Square Way Court Hill".split()
PAYMENTS = (
    "cash,Visa,Mastercard,PayPal,Apple Pay,Google Pay,bank transfer,gift cards,American Express,invoice,cheque"
).split(",")
LANGUAGES = "English,French,German,Spanish,Italian,Polish,Danish,Hindi,Greek,Turkish,Arabic,Dutch,Welsh".split(",")

_ONSETS = "b c d f g h j k l m n p r s t v w z br ch cl dr fr gr kr pl sh st th tr".split()
_VOWELS = "a e i o u ai ea ee io oa ou".split()
_ENDS = ["", "", "n", "r", "s", "l", "m", "t", "k", "x", "nd", "rt"]
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


class Words:
    """Draws words and values of one side: training, or the held-out evaluation.

    pieces: token texts of which invented words are sometimes made, so that every token is learned to be copied.
    """

    def __init__(self, rng: random.Random, held_out: bool, pieces: list[str]):
        self.rng = rng
        self.held_out = held_out
        self.pieces = pieces
        self.currency = "$"
        self.clock = 0

    def mine(self, draw) -> str:
        """Draws until the value belongs to this side."""
        while True:
            value = draw()
            if (zlib.crc32(value.encode()) % HELD_OUT == 0) == self.held_out:
                return value

    def invented(self, shortest=1, longest=3) -> str:
        rng = self.rng
        way = rng.random()
        if self.pieces and way < 0.4:
            word = "".join(rng.choice(self.pieces) for _ in range(rng.randint(shortest, 3)))
            return word if len(word) > 2 else word + rng.choice(_ONSETS) + rng.choice(_VOWELS)
        if way < 0.5:
            return "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(3, 8)))
        syllables = (rng.choice(_ONSETS) + rng.choice(_VOWELS) for _ in range(rng.randint(shortest, longest)))
        return "".join(syllables) + rng.choice(_ENDS)

    def name(self) -> str:
        return self.mine(lambda: self.invented().capitalize())

    def first_name(self) -> str:
        return self._unseen_name(UNSEEN_FIRST_NAMES)

    def last_name(self) -> str:
        return self._unseen_name(UNSEEN_LAST_NAMES)

    def _unseen_name(self, unseen) -> str:
        if self.held_out and self.rng.random() < 0.8:
            return self.rng.choice(unseen)
        return self.name()

    def person(self) -> str:
        way = self.rng.random()
        if way < 0.6:
            return self.first_name() + " " + self.last_name()
        if way < 0.8:
            return self.first_name()
        return self.rng.choice(["Dr ", "Ms ", "Mr "]) + self.last_name()

    # Key words. `known` is what training draws from, besides as many invented ones, so that matching is the only way;
    # the evaluation invents a third and takes a quarter from `unseen`.

    def _key(self, known, unseen):
        """A key word and whether training never saw it."""
        rng = self.rng
        if rng.random() < (0.35 if self.held_out else 0.5):
            return self.mine(lambda: self.invented(2, 3)), self.held_out
        if self.held_out and rng.random() < 0.4:
            return rng.choice(unseen), True
        return rng.choice(known), False

    def key(self, kind: str):
        """A key word of a list, such as an item or a role, and whether training never saw it."""
        if kind == "item":
            return self._item()
        known, unseen = {
            "role": (ROLES, UNSEEN_ROLES),
            "place": (PLACES, UNSEEN_PLACES),
            "event": (EVENTS, UNSEEN_EVENTS),
            "plan": (PLANS, UNSEEN_PLANS),
            "topic": (TOPICS, UNSEEN_TOPICS),
        }[kind]
        word, new = self._key(known, unseen)
        if kind != "plan" and self.rng.random() < 0.25:
            more, newer = self._key(ADJECTIVES, UNSEEN_ADJECTIVES)
            return more + " " + word, new or newer
        return word, new

    def _item(self):
        rng = self.rng
        noun, new = self._key(NOUNS, UNSEEN_NOUNS)
        way = rng.random()
        if way < 0.25:
            return noun, new
        adjective, newer = self._key(ADJECTIVES, UNSEEN_ADJECTIVES)
        if way < 0.85:
            return adjective + " " + noun, new or newer
        if way < 0.93:
            return self.name() + " " + noun, True
        more, newest = self._key(ADJECTIVES, UNSEEN_ADJECTIVES)
        return adjective + " " + more + " " + noun, new or newer or newest

    def kind(self) -> str:
        if self.held_out and self.rng.random() < 0.5:
            return self.rng.choice(UNSEEN_KINDS)
        return self.rng.choice(KINDS)

    # Values.

    def number(self, low: int, high: int) -> str:
        if high - low > 15:
            return self.mine(lambda: str(self.rng.randint(low, high)))
        return str(self.rng.randint(low, high))

    def time(self, earliest=5, latest=23) -> str:
        rng = self.rng

        def draw():
            hour = rng.randint(earliest, latest)
            minute = rng.choice([0, 0, 0, 15, 30, 30, 45, 5, 10, 20, 25, 35, 40, 50, 55])
            if self.clock == 0:
                return f"{hour}:{minute:02d}"
            if self.clock == 1:
                return f"{hour:02d}:{minute:02d}"
            return f"{(hour - 1) % 12 + 1}:{minute:02d} {'am' if hour < 12 else 'pm'}"

        return self.mine(draw)

    def price(self) -> str:
        rng = self.rng

        def draw():
            whole = rng.randint(1, 40) if rng.random() < 0.4 else rng.randint(1, 400)
            if rng.random() < 0.04:
                amount = f"{rng.randint(1, 4)},{rng.randrange(0, 1000, 10):03d}"
            elif rng.random() < 0.5:
                amount = str(whole)
            else:
                amount = f"{whole}.{rng.choice([0, 50, 95, 99, 25, 75, rng.randint(0, 99)]):02d}"
            return self.currency + amount if self.currency in "$£€" else amount + self.currency

        return self.mine(draw)

    def minutes(self) -> str:
        return self.mine(lambda: str(self.rng.randint(5, 240))) + " minutes"

    def date(self) -> str:
        return self.mine(lambda: f"{self.rng.randint(1, 28)} {self.rng.choice(MONTHS)}")

    def spot(self) -> str:
        return self.mine(
            lambda: self.rng.choice(["floor ", "room ", "level ", "aisle ", "desk ", "hall "])
            + self.rng.choice([str(self.rng.randint(1, 99)), self.rng.choice(_LETTERS) + str(self.rng.randint(1, 20))])
        )

    def digits(self, count: int) -> str:
        return "".join(self.rng.choice("0123456789") for _ in range(count))

    def phone(self) -> str:
        d = self.digits
        return self.mine(
            lambda: self.rng.choice(
                [
                    lambda: f"{d(3)}-{d(4)}",
                    lambda: f"+{d(2)} {d(3)} {d(4)}",
                    lambda: f"0{d(3)} {d(6)}",
                    lambda: f"0{d(4)} {d(3)} {d(4)}",
                    lambda: f"({d(3)}) {d(3)}-{d(4)}",
                ]
            )()
        )

    def code(self) -> str:
        rng = self.rng
        return self.mine(
            lambda: rng.choice(
                [
                    lambda: self.invented().upper() + str(rng.randint(1, 99)),
                    lambda: "".join(rng.choice(_LETTERS + "23456789") for _ in range(rng.randint(4, 8))),
                    lambda: f"{self.invented()}-{self.invented()}-{rng.randint(1, 99)}",
                    lambda: "".join(rng.choice(_LETTERS) for _ in range(3)) + f"-{rng.randint(100, 9999)}",
                ]
            )()
        )

    def domain(self) -> str:
        endings = [".com", ".org", ".net", ".shop", ".example", ".co", ".io"]
        return self.mine(
            lambda: self.invented() + self.rng.choice(["", self.invented(1, 1)]) + self.rng.choice(endings)
        )

    def email(self) -> str:
        boxes = ["info", "hello", "contact", "office", "desk", "team", "sales", "reception", self.invented()]
        return self.mine(lambda: self.rng.choice(boxes) + "@" + self.domain())

    def street(self) -> str:
        return self.mine(lambda: f"{self.rng.randint(1, 299)} {self.last_name()} {self.rng.choice(STREETS)}")

    def some_of(self, known) -> str:
        chosen = self.rng.sample(known, self.rng.randint(2, 4))
        return ", ".join(chosen[:-1]) + " and " + chosen[-1]
