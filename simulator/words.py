"""What the simulated people of each niche are called, say, tag and post; the words are our own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Niche:
    """What people of one niche are called, say, tag and post; ``{}`` in a post stands for a number."""

    name: str
    category: str
    """The business category that Instagram shows."""
    topic: str
    """The page of Wikipedia that YouTube names as the topic."""
    bios: tuple[str, ...]
    tags: tuple[str, ...]
    posts: tuple[str, ...]
    works: tuple[str, ...]
    """Names of repositories."""
    platforms: str
    """Letters of the platforms, repeated by weight: i t y x g."""


def _niche(name: str, facts: str, bios: str, posts: str, works: str) -> Niche:
    category, topic, tags, platforms = (part.strip() for part in facts.split("|"))
    lines = [tuple(line.strip() for line in text.split("|")) for text in (bios, posts)]
    return Niche(name, category, topic, lines[0], tuple(tags.split()), lines[1], tuple(works.split()), platforms)


NICHES = (
    _niche(
        "food",
        "Chef | Food | cooking homecook weeknightdinner baking foodie | iiittyyx",
        "One pot, one hour, no fuss. Recipes from a small kitchen. | Baker of loud bread. I test it until it works."
        " | Street food notebook, cooked again at home.",
        "Batch {} of the chickpea stew and the salt is right at last | Three ways to rescue an oversalted broth"
        " | Flatbread with {} minutes of rest, that is all it takes | What I buy for a week of lunches",
        "recipe-scaler pantry-list",
    ),
    _niche(
        "travel",
        "Travel company | Tourism | travel slowtravel backpacking trainride hiddenplaces | iiityyx",
        "Slow trains, cheap rooms, long walks. | I write city guides for people who hate queues."
        " | Two bikes, one tent, most of a continent.",
        "Day {} on the coast road, the ferry was late and nobody minded | Night train tips"
        " | {} euro a day, this is what it bought | A village with one cafe and the best view",
        "timetable-maps border-crossings",
    ),
    _niche(
        "fitness",
        "Fitness trainer | Physical_fitness | fitness strength mobility homeworkout running | iiitttyx",
        "Strength coach for desk people. | I run badly and write about it honestly."
        " | Mobility in ten minutes, every morning.",
        "Week {} of the squat plan, the knees are fine | A warm-up that takes four minutes"
        " | {} kilometres before breakfast and a lot of coffee | Rest days are training days",
        "rep-counter plan-maker",
    ),
    _niche(
        "gaming",
        "Gaming video creator | Video_game_culture | gaming indiegames speedrun retro letsplay | ttyyyyxx",
        "Indie games nobody else plays. | Speedruns, mostly of my own patience. | Retro consoles, repaired.",
        "Attempt {} at the clock tower, new best time | This little puzzle game deserves more players"
        " | I soldered the same joint {} times | Patch notes, read aloud with feelings",
        "split-timer save-editor",
    ),
    _niche(
        "music",
        "Musician/band | Pop_music | music songwriting producer synth livemusic | iittyyyx",
        "Songs from a bedroom with bad acoustics. | Synth nerd, patch notes below every track."
        " | Cello, loops and rain.",
        "Take {} of the chorus, keeping this one | How I mix vocals on cheap headphones"
        " | A loop of {} bars that turned into a song | Live from the stairwell",
        "patch-librarian loop-station",
    ),
    _niche(
        "beauty",
        "Beauty, cosmetic & personal care | Fashion | beauty skincare makeup sensitiveskin glow | iiittty",
        "Skincare for skin that reacts to everything. | Makeup artist, slow tutorials."
        " | I read ingredient lists so you can skip them.",
        "Month {} without fragrance, what changed | One palette, five looks, no filter"
        " | {} ingredients I check first | Sunscreen that does not sting",
        "ingredient-reader",
    ),
    _niche(
        "fashion",
        "Clothing (brand) | Fashion | fashion thrift upcycling ootd slowfashion | iiittyx",
        "Thrifted, mended, worn again. | I sew what shops forget: pockets. | Wardrobe of thirty pieces, all year.",
        "Outfit {} from the same three pieces | Mending a sleeve so that it shows, proudly"
        " | {} years old and still my best coat | Pattern for a bag from one pair of jeans",
        "pattern-drafter",
    ),
    _niche(
        "photography",
        "Photographer | Hobby | photography filmphoto streetphoto darkroom landscape | iiiiyx",
        "Film, overexposed on purpose. | Street photographer in the blue hour. | Landscapes worth the wet boots.",
        "Roll {} came back and one frame is worth it | Waiting for the light, again"
        " | {} seconds of exposure and a patient subject | Why I print small",
        "contact-sheet exif-diary",
    ),
    _niche(
        "programming",
        "Science, technology & engineering | Technology | programming opensource python rust devlife | xxyggggg",
        "I maintain small libraries and answer issues slowly. | Compilers, coffee, careful commits."
        " | Backend engineer, writes the docs first.",
        "Release {} is out: fewer options, better defaults | A bug that was a timezone, of course"
        " | Deleted {} lines today and nothing broke | Read the error message aloud, it helps",
        "tiny-router config-lint queue-watch diff-story log-knife",
    ),
    _niche(
        "data",
        "Science, technology & engineering | Knowledge | data machinelearning statistics dataviz opendata | xxyyggg",
        "Charts that tell the truth. | I teach machines to count sheep. | Open data, cleaned in public.",
        "Plot {} of the series: buses that never come | A baseline that beats the fancy model"
        " | {} missing values and a story behind each | How to read a confidence interval",
        "tidy-census honest-charts feature-shed sample-size",
    ),
    _niche(
        "science",
        "Scientist | Knowledge | science astronomy physics fieldwork scicomm | yyyxxitg",
        "Astronomer with a broken telescope and good stories. | Moss, lichens and other small giants."
        " | Physics with kitchen things.",
        "Night {} of the survey, clouds again | A pendulum, a phone and a straight line"
        " | {} species on one wall | What a null result feels like",
        "star-tracker field-notes",
    ),
    _niche(
        "education",
        "Education | Knowledge | education languages studywithme teaching maths | yyyittx",
        "Maths, patient on camera. | Languages by listening, not by lists. | Study with me, timer on, phone off.",
        "Lesson {}: fractions without fear | The subjunctive in one picture"
        " | {} words you already know in Portuguese | Marking day, send tea",
        "card-deck grade-book",
    ),
    _niche(
        "pets",
        "Pet service | Pet | pets dogsofinstagram rescue catlife dogtraining | iiittty",
        "Two rescue dogs and one opinionated cat. | Dog trainer, no shouting. | Fostering kittens since the big flood.",
        "Day {} with the new foster, he found the sofa | Teaching recall with a whistle"
        " | {} naps, one walk, no regrets | What the vet wished I had asked",
        "feeding-timer",
    ),
    _niche(
        "art",
        "Artist | Hobby | art illustration linocut sketchbook watercolor | iiiittyx",
        "Linocuts of tired animals. | Illustrator, draws on trains. | Watercolours, mostly water.",
        "Page {} of the sketchbook, the pen leaked | From sketch to print in an afternoon"
        " | {} layers and it is still too blue | Commission list opens on Sunday",
        "palette-picker",
    ),
    _niche(
        "finance",
        "Financial service | Business | money budgeting investing frugal smallbusiness | yyxxit",
        "Budgets for irregular incomes. | I explain pensions with biscuits. | Small shop, open books.",
        "Month {} of the no-spend experiment | Index funds, explained to my aunt"
        " | {} receipts and one lesson | What our shop really earns",
        "budget-cli",
    ),
    _niche(
        "motorsport",
        "Cars | Vehicle | motorsport karting classiccars garage trackday | iyyyttx",
        "Karting on a student budget. | Classic cars, slow repairs. | Track days and honest lap times.",
        "Lap {} was the good one | Rebuilding a carburettor on the kitchen table"
        " | {} laps on the same tyres | The noise was a loose bolt",
        "lap-logger",
    ),
)
