"""Words for the same thing, among what people look for in photos; a small table of our own.

A line holds words that stand for each other. In a line with a colon, the first word is the wider one: who
looks for it is shown the narrower ones too, but not the other way round. An underscore joins the words of
one name. Which of them count is decided by the words of each library (`photos.query.expansion`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

_TABLE = """
    dog puppy pup doggy hound
    cat kitten kitty pussycat
    horse pony foal
    cow cattle calf bull ox
    sheep lamb
    pig piglet hog
    hen chicken rooster cock
    bird birdie
    monkey ape
    rabbit bunny hare
    bug insect
    person human somebody
    people crowd group
    child kid
    baby infant toddler newborn
    boy lad
    girl lass
    man guy gentleman
    woman lady
    mother mum mom mommy
    father dad daddy
    grandmother grandma granny
    grandfather grandpa
    wedding bride groom
    friend mate buddy
    car automobile auto
    truck lorry
    bicycle bike cycle
    motorcycle motorbike moped scooter
    airplane aeroplane plane aircraft airliner jet
    boat ship vessel
    train railway railroad locomotive
    tram streetcar trolley
    bus coach
    taxi cab
    subway underground metro tube
    traffic_light stoplight traffic_signal
    street road
    motorway highway freeway
    pavement sidewalk
    sea ocean
    beach seaside shore coast seashore
    lake pond
    river stream creek
    mountain hill peak summit
    forest wood woods woodland
    flower blossom bloom
    plant potted_plant
    garden yard backyard
    meadow field pasture
    sunset sundown dusk evening
    sunrise dawn daybreak
    cloud sky
    night nighttime
    snow snowfall
    rain raindrops shower
    fog mist haze
    storm thunderstorm
    autumn fall
    holiday vacation trip
    house home
    building skyscraper tower
    apartment flat
    church cathedral chapel
    shop store
    restaurant cafe bistro
    hotel inn
    school classroom
    bridge viaduct
    castle palace fortress
    city town downtown
    village hamlet
    couch sofa settee
    tv television telly
    cell_phone phone smartphone telephone mobile cellphone
    laptop notebook computer
    refrigerator fridge
    stove cooker oven
    dining_table table desk
    chair seat stool
    bedroom bed
    lamp light
    cup mug
    wine_glass glass goblet
    bottle flask
    knife blade
    backpack rucksack
    handbag purse bag
    suitcase luggage baggage
    umbrella parasol
    glasses spectacles eyeglasses
    sunglasses shades
    hat cap
    coat jacket
    trousers pants
    sweater jumper pullover
    shoe sneaker boot
    football soccer
    sports_ball ball
    skis skiing ski
    surfboard surfing surf
    food meal dish dinner lunch
    breakfast brunch
    donut doughnut
    cookie biscuit
    fries chips
    candy sweets
    cake pie
    coffee espresso cappuccino
    picture photo photograph
    drawing sketch
    painting artwork
    book novel
    newspaper magazine
    rubbish trash garbage litter
    toilet restroom bathroom lavatory
    party celebration
    birthday anniversary
    christmas xmas
    fire flame campfire
    firework fireworks
    hair_drier hairdryer
    remote remote_control
    colour color
    grey gray
    harbour harbor port marina
    neighbour neighbor
    theatre theater
    animal: dog cat horse cow sheep bird elephant bear
    pet: dog cat rabbit
    vehicle: car truck bus motorcycle bicycle train
    fruit: apple banana orange
    furniture: chair couch bed dining_table
    drink: bottle cup wine_glass coffee
    water: sea lake river ocean
    family: mother father child baby
    people: person man woman child
    sport: sports_ball skis surfboard tennis_racket frisbee
    toy: teddy_bear kite
    electronics: laptop tv cell_phone keyboard
"""


def synonyms_of(word: str) -> tuple[str, ...]:
    """What else stands for this analysed word, nearest first; names of several words with spaces."""
    return _synonyms().get(word, ())


@cache
def _synonyms() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for word, others in _lines():
        found.setdefault(word, []).extend(others)
    return {word: tuple(dict.fromkeys(others)) for word, others in found.items()}


def _lines() -> Iterator[tuple[str, list[str]]]:
    for line in _TABLE.strip().splitlines():
        wider, colon, narrower = line.partition(":")
        if colon:
            yield wider.strip(), _names(narrower)
            continue
        names = _names(line)
        for name in names:
            yield name, [other for other in names if other != name]


def _names(text: str) -> list[str]:
    return [name.replace("_", " ") for name in text.split()]
