"""Given names that stand for each other (``bill`` and ``william``); English diminutives, compiled for this project."""

from __future__ import annotations

from functools import cache

# One line a name: the full form, then what people who have it are called.
_GROUPS = """
abigail abby gail
abraham abe bram
albert al bert
alexander alex alec sasha xander sandy
alexandra alex sandra sasha lexi
alfred al fred alfie
alison ali allie
amanda mandy
andrew andy drew
angela angie
anthony tony ant
antonio tony
barbara barb babs
benjamin ben benji benny
bernard bernie
bradley brad
calvin cal
cameron cam
carolyn carol caroline carrie
catherine cathy katherine kathryn kathy kate katie kat
charles charlie chuck chas
charlotte charlie lottie
christina chris tina christine chrissy
christopher chris topher kit
clifford cliff
cynthia cindy
daniel dan danny
david dave davy
deborah deb debbie debra
dennis denny
dominic dom nick
donald don donnie
dorothy dot dottie
douglas doug
edward ed eddie ted ned
eleanor ellie nell nora
elizabeth liz beth betty eliza lizzie libby betsy
emily em emmy
eugene gene
ezekiel zeke
florence flo
frances fran
francis frank
francisco paco frank
franklin frank
frederick fred freddy rick
gabriel gabe
geoffrey geoff jeff
gerald gerry jerry
gregory greg
harold harry hal
harrison harry
henry hank harry
herbert herb bert
howard howie
isabella bella izzy
jacob jake
jacqueline jackie
james jim jimmy jamie
janet jan
jason jay
jeffrey jeff
jennifer jen jenny jenn
jeremiah jerry
jeremy jem
jerome jerry
jessica jess jessie
john jack johnny jon
jonathan jon jonny nathan
joseph joe joey jo
joshua josh
judith judy
julia julie
kenneth ken kenny
kimberly kim
lawrence larry laurence
leonard len leo lenny
leonardo leo
louis lou
lucille lucy
madeline maddie
margaret maggie meg peggy marge greta
martin marty
matthew matt matty
maxwell max
maximilian max
melissa mel missy
michael mike mick mickey micky
michelle shelly
mitchell mitch
mohammed mohamed muhammad mohammad mo
nathan nate nathaniel
nicholas nick nicky nicolas
nicole nikki
oliver ollie
olivia liv
pamela pam
patricia pat patty trish tricia
patrick pat paddy rick
peter pete
philip phil phillip
priscilla cilla
rachel rach
raymond ray
rebecca becky becca
reginald reggie
richard rich rick dick ricky
robert rob bob bobby robbie bert
roberta bobbie
roderick rod
rodney rod
roger rog
ronald ron ronnie
russell russ
samantha sam
samuel sam sammy
sandra sandy
sarah sara sally
sebastian seb bastian
sergey sergei serge
sharon shari
stanley stan
stephanie steph
steven steve stephen
susan sue suzanne susie
sylvester sly
terrence terry terence
theodore ted theo teddy
theresa terry teresa tess
thomas tom tommy thom
timothy tim timmy
tobias toby
valerie val
vanessa nessa
veronica ronnie vera
victor vic
victoria vicky tori
vincent vince vinny
virginia ginny
walter walt wally
wesley wes
william will bill billy liam willie
winston win
yevgeny evgeny eugene
zachary zach zack
"""


@cache
def _known() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for number, line in enumerate(_GROUPS.split("\n")):
        for name in line.split():
            found.setdefault(name, set()).add(str(number))
    return {name: frozenset(groups) for name, groups in found.items()}


def same_given_name(left: str, right: str) -> bool:
    """Return whether one person may go by both given names (``thom`` and ``thomas``); equal names are."""
    known = _known()
    return left == right or not known.get(left, frozenset()).isdisjoint(known.get(right, frozenset()))


def groups_of(word: str) -> frozenset[str]:
    """Return the names of the groups that a given name is in; names of one group can be one person's."""
    return _known().get(word, frozenset())
