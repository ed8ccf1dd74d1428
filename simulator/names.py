"""The names of the simulated people, as written in their own script and in ASCII; our own choice of common words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Culture:
    """Where a person comes from: names as written and in ASCII, country, language, place."""

    country: str
    language: str
    place: str
    given: tuple[tuple[str, str], ...]
    family: tuple[tuple[str, str], ...]
    family_first: bool = False


def _plain(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((word, word.lower()) for word in text.split())


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((word.partition("=")[0], word.partition("=")[2]) for word in text.split())


CULTURES = (
    Culture(
        "US",
        "en",
        "Austin, Texas",
        _plain("Mara Theo June Ellis Nora Calvin Tessa Hugo Ivy Reed Paula Dexter"),
        _plain("Whitlow Garner Ashby Holloway Pruitt Sandoval Marsh Tilden Okafor Brandt Quill Lowry"),
    ),
    Culture(
        "GB",
        "en",
        "Leeds, UK",
        _plain("Imogen Callum Freya Rory Tamsin Alfie Bryn Ottilie Jago Elspeth"),
        _plain("Hathersage Pennock Thistle Cragg Bellamy Nettle Fairclough Oakes Whitby Larkham"),
    ),
    Culture(
        "ES",
        "es",
        "Valencia, España",
        _pairs(
            "Lucía=lucia Íñigo=inigo Noelia=noelia Álvaro=alvaro Begoña=begona Martín=martin Sofía=sofia Darío=dario"
        ),
        _pairs("Peñalver=penalver Ibáñez=ibanez Robledo=robledo Muñiz=muniz Cañada=canada Barrios=barrios Sáez=saez"),
    ),
    Culture(
        "BR",
        "pt",
        "Recife, Brasil",
        _pairs("João=joao Inês=ines Caetano=caetano Luíza=luiza Tainá=taina Davi=davi Conceição=conceicao Renan=renan"),
        _pairs("Magalhães=magalhaes Brandão=brandao Queiroz=queiroz Assunção=assuncao Tavares=tavares Falcão=falcao"),
    ),
    Culture(
        "DE",
        "de",
        "Leipzig",
        _pairs(
            "Jörg=joerg Käthe=kaethe Lennart=lennart Frieda=frieda Björn=bjoern Swantje=swantje Emil=emil Änne=aenne"
        ),
        _pairs("Grünwald=gruenwald Köster=koester Süß=suess Brinkmann=brinkmann Töpfer=toepfer Hallbach=hallbach"),
    ),
    Culture(
        "TR",
        "tr",
        "İzmir",
        _pairs("Çağla=cagla Işıl=isil Umut=umut Gökçe=gokce Şebnem=sebnem Tarık=tarik Yiğit=yigit"),  # noqa: RUF001 - names in their own script
        _pairs("Güneş=gunes Akçay=akcay Özdal=ozdal Karataş=karatas Yıldırır=yildirir Demirbağ=demirbag"),  # noqa: RUF001 - names in their own script
    ),
    Culture(
        "UA",
        "uk",
        "Львів",
        _pairs("Оксана=oksana Тарас=taras Соломія=solomiia Богдан=bohdan Ярина=yaryna Назар=nazar"),  # noqa: RUF001 - names in their own script
        _pairs("Вербицька=verbytska Гайовий=haiovyi Калина=kalyna Лісовик=lisovyk Смерека=smereka"),
    ),
    Culture(
        "GR",
        "el",
        "Θεσσαλονίκη",
        _pairs("Δανάη=danai Στέλιος=stelios Μυρτώ=myrto Ορέστης=orestis Ηλέκτρα=ilektra"),
        _pairs("Καραμάνος=karamanos Βλάχου=vlachou Θαλασσινός=thalassinos Πετρίδη=petridi"),
    ),
    Culture(
        "EG",
        "ar",
        "الإسكندرية",
        _pairs("ليلى=layla كريم=karim هدى=huda ياسين=yasin نادين=nadine عمر=omar"),
        _pairs("الشامي=elshamy منصور=mansour البحيري=elbeheiry زيدان=zidan فوزي=fawzy"),
    ),
    Culture(
        "IL",
        "he",
        "חיפה",
        _pairs("נועה=noa איתמר=itamar תמר=tamar גיל=gil שירה=shira"),
        _pairs("אלון=alon ברקת=bareket רותם=rotem שקד=shaked"),
    ),
    Culture(
        "IN",
        "hi",
        "जयपुर",
        _pairs("अनन्या=ananya रोहन=rohan मीरा=meera ईशान=ishaan कविता=kavita देव=dev"),
        _pairs("मेहरा=mehra चौहान=chauhan त्रिवेदी=trivedi सक्सेना=saxena राठौड़=rathore"),
    ),
    Culture(
        "JP",
        "ja",
        "札幌",
        _pairs("遥=haruka 蓮=ren 美咲=misaki 大地=daichi 葵=aoi 直樹=naoki"),
        _pairs("森川=morikawa 石黒=ishiguro 桜井=sakurai 野口=noguchi 松永=matsunaga"),
        family_first=True,
    ),
    Culture(
        "KR",
        "ko",
        "부산",
        _pairs("서연=seoyeon 민준=minjun 하늘=haneul 지호=jiho 유나=yuna"),
        _pairs("강=kang 윤=yoon 백=baek 송=song 임=lim"),
        family_first=True,
    ),
    Culture(
        "TW",
        "zh",
        "台南",
        _pairs("雅婷=yating 柏翰=bohan 詩涵=shihan 冠宇=guanyu 怡君=yijun"),
        _pairs("林=lin 蔡=tsai 許=hsu 鄭=cheng 賴=lai"),
        family_first=True,
    ),
    Culture(
        "TH",
        "th",
        "เชียงใหม่",
        _pairs("มะลิ=mali ธนา=thana ดาว=dao ภูผา=phupha"),
        _pairs("แสงดี=saengdee ทองคำ=thongkham บุญมา=boonma วงศ์ดี=wongdee"),
    ),
)
