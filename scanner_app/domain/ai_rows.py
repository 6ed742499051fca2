"""The application identifiers of the GS1 General Specifications (release 26), row by row.

A row: AI, data title, form (components and their linters), the AIs one of which must stand on the same item (`+` joins
what must stand together; n is any digit), and the AIs that must not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

Row = tuple[str, str, str, str, str]

GTIN: Final = "N14,csum"
GLN: Final = "N13,csum,key"
DAY: Final = "N6,yymmd0"
COUNTRIES_UP_TO_5: Final = "N3,iso3166 [N3],iso3166 [N3],iso3166 [N3],iso3166 [N3],iso3166"

ITEM: Final = "01 02"
ITEM_OR_ORDER: Final = "01 02 03"
ANY_ITEM: Final = "01 02 03 8006 8026"
INSTANCE: Final = "01 03 8006"
UNIT: Final = "00"
PATIENT_OR_PROVIDER: Final = "8017 8018"
SERIALISED: Final = "00 01+21 03+21 253 255 8003 8004 8006+21 8010+8011 8017 8018"
MEASURED: Final = "30 31nn 32nn 35nn 36nn"

IDENTIFICATION: Final[tuple[Row, ...]] = (
    ("00", "SSCC", "N18,csum", "", ""),
    ("01", "GTIN", GTIN, "", "255 37"),
    ("02", "CONTENT", GTIN, "37", "01 03"),
    ("03", "MTO GTIN", GTIN, "", "01 02 37 235"),
    ("10", "BATCH/LOT", "X..20", ANY_ITEM, ""),
    ("11", "PROD DATE", DAY, ANY_ITEM, ""),
    ("12", "DUE DATE", DAY, "8020", ""),
    ("13", "PACK DATE", DAY, ANY_ITEM, ""),
    ("15", "BEST BEFORE or BEST BY", DAY, ANY_ITEM, ""),
    ("16", "SELL BY", DAY, ANY_ITEM, ""),
    ("17", "USE BY or EXPIRY", DAY, ANY_ITEM + " 255", ""),
    ("20", "VARIANT", "N2", ANY_ITEM, ""),
    ("21", "SERIAL", "X..20", INSTANCE, "235"),
    ("22", "CPV", "X..20", "01", ""),
    ("235", "TPX", "X..28", "01", ""),
    ("240", "ADDITIONAL ID", "X..30", ANY_ITEM, ""),
    ("241", "CUST. PART No.", "X..30", ANY_ITEM, ""),
    ("242", "MTO VARIANT", "N..6", "01 02 8006 8026", ""),
    ("243", "PCN", "X..20", "01 03", ""),
    ("250", "SECONDARY SERIAL", "X..30", "01+21 03+21 8006+21", ""),
    ("251", "REF. TO SOURCE", "X..30", INSTANCE, ""),
    ("253", "GDTI", GLN + " [X..17]", "", ""),
    ("254", "GLN EXTENSION COMPONENT", "X..20", "414", ""),
    ("255", "GCN", GLN + " [N..12]", "", "01 02 415 8006 8020 8026"),
    ("30", "VAR. COUNT", "N..8", ITEM, ""),
    ("37", "COUNT", "N..8", "00+02 00+8026", ""),
    ("400", "ORDER NUMBER", "X..30", "", ""),
    ("401", "GINC", "X..30,key", "", ""),
    ("402", "GSIN", "N17,csum,key", "", ""),
    ("403", "ROUTE", "X..30", UNIT, ""),
    ("410", "SHIP TO LOC", GLN, "", ""),
    ("411", "BILL TO", GLN, "", ""),
    ("412", "PURCHASE FROM", GLN, "", ""),
    ("413", "SHIP FOR LOC", GLN, "", ""),
    ("414", "LOC No.", GLN, "", ""),
    ("415", "PAY TO", GLN, "8020", ""),
    ("416", "PROD/SERV LOC", GLN, "", ""),
    ("417", "PARTY", GLN, "", ""),
    ("420", "SHIP TO POST", "X..20", "", "421"),
    ("421", "SHIP TO POST", "N3,iso3166 X..9", "", "4307"),
    ("422", "ORIGIN", "N3,iso3166", ANY_ITEM, "426"),
    ("423", "COUNTRY - INITIAL PROCESS", COUNTRIES_UP_TO_5, ITEM_OR_ORDER, "426"),
    ("424", "COUNTRY - PROCESS", "N3,iso3166", ITEM_OR_ORDER, "426"),
    ("425", "COUNTRY - DISASSEMBLY", COUNTRIES_UP_TO_5, ITEM_OR_ORDER, "426"),
    ("426", "COUNTRY - FULL PROCESS", "N3,iso3166", ITEM_OR_ORDER, ""),
    ("427", "ORIGIN SUBDIVISION", "X..3", "01+422 02+422 03+422", ""),
)

TRANSPORT: Final[tuple[Row, ...]] = (
    *(
        row
        for first, prefix in (("430", "SHIP TO"), ("431", "RTN TO"))
        for row in (
            (first + "0", prefix + " COMP", "X..35,pcenc", UNIT, ""),
            (first + "1", prefix + " NAME", "X..35,pcenc", UNIT, ""),
            (first + "2", prefix + " ADD1", "X..70,pcenc", UNIT, ""),
            (first + "3", prefix + " ADD2", "X..70,pcenc", first + "2", ""),
            (first + "4", prefix + " SUB", "X..70,pcenc", UNIT, ""),
            (first + "5", prefix + " LOC", "X..70,pcenc", UNIT, ""),
            (first + "6", prefix + " REG", "X..70,pcenc", UNIT, ""),
            (first + "7", prefix + " COUNTRY", "X2,iso3166alpha2", UNIT, ""),
        )
    ),
    ("4308", "SHIP TO PHONE", "X..30", UNIT, ""),
    ("4309", "SHIP TO GEO", "N10,latitude N10,longitude", UNIT, ""),
    ("4318", "RTN TO POST", "X..20", UNIT, ""),
    ("4319", "RTN TO PHONE", "X..30", UNIT, ""),
    ("4320", "SRV DESCRIPTION", "X..35,pcenc", UNIT, ""),
    ("4321", "DANGEROUS GOODS", "N1,yesno", UNIT, ""),
    ("4322", "AUTH TO LEAVE", "N1,yesno", UNIT, ""),
    ("4323", "SIG REQUIRED", "N1,yesno", UNIT, ""),
    ("4324", "NOT BEF DEL DT", "N6,yymmd0 N4,hhmi", UNIT, ""),
    ("4325", "NOT AFT DEL DT", "N6,yymmd0 N4,hhmi", UNIT, ""),
    ("4326", "REL DATE", "N6,yymmdd", UNIT, ""),
    ("4330", "MAX TEMP F", "N6 [X1],hyphen", UNIT, "4331"),
    ("4331", "MAX TEMP C", "N6 [X1],hyphen", UNIT, "4330"),
    ("4332", "MIN TEMP F", "N6 [X1],hyphen", UNIT, "4333"),
    ("4333", "MIN TEMP C", "N6 [X1],hyphen", UNIT, "4332"),
)

SECTORS: Final[tuple[Row, ...]] = (
    ("7001", "NSN", "N13", "01 02 8006 8026", ""),
    ("7002", "MEAT CUT", "X..30", ITEM, ""),
    ("7003", "EXPIRY TIME", "N6,yymmdd N4,hhmi", ITEM_OR_ORDER, ""),
    ("7004", "ACTIVE POTENCY", "N..4", "01+10 03+10", ""),
    ("7005", "CATCH AREA", "X..12", ITEM, ""),
    ("7006", "FIRST FREEZE DATE", "N6,yymmdd", ITEM, ""),
    ("7007", "HARVEST DATE", "N6,yymmdd [N6],yymmdd", ITEM, ""),
    ("7008", "AQUATIC SPECIES", "X..3", ITEM, ""),
    ("7009", "FISHING GEAR TYPE", "X..10", ITEM, ""),
    ("7010", "PROD METHOD", "X..2", ITEM_OR_ORDER, ""),
    ("7011", "TEST BY DATE", "N6,yymmdd [N4],hhmi", ITEM_OR_ORDER, ""),
    ("7020", "REFURB LOT", "X..20", "01+416 03+416 8006+416", ""),
    ("7021", "FUNC STAT", "X..20", INSTANCE, ""),
    ("7022", "REV STAT", "X..20", "01+7021 03+7021 8006+7021", ""),
    ("7023", "GIAI - ASSEMBLY", "X..30,key", "", ""),
    *((f"703{n}", f"PROCESSOR # {n}", "N3,iso3166_or_999 X..27", ITEM, "") for n in range(10)),
    ("7040", "UIC+EXT", "N1 X1 X1 X1,importeridx", "", ""),
    ("7041", "UFRGT UNIT TYPE", "X..4,packagetype", UNIT, ""),
    ("710", "NHRN PZN", "X..20", "01", ""),
    ("711", "NHRN CIP", "X..20", "01", ""),
    ("712", "NHRN CN", "X..20", "01", ""),
    ("713", "NHRN DRN", "X..20", "01", ""),
    ("714", "NHRN AIM", "X..20", "01", ""),
    ("715", "NHRN NDC", "X..20", "01", ""),
    ("716", "NHRN AIC", "X..20", "01", ""),
    ("717", "NHRN SRN", "X..20", "01", ""),
    *((f"723{n}", f"CERT # {n + 1}", "X2 X..28", "01 8004", "") for n in range(10)),
    ("7240", "PROTOCOL", "X..20", "01 8006", "03"),
    ("7241", "AIDC MEDIA TYPE", "N2,mediatype", PATIENT_OR_PROVIDER, ""),
    ("7242", "VCN", "X..25", PATIENT_OR_PROVIDER, ""),
    ("7250", "DOB", "N8,yyyymmdd", "8018", "7251"),
    ("7251", "DOB TIME", "N8,yyyymmdd N4,hhmi", "8018", "7250"),
    ("7252", "BIO SEX", "N1,iso5218", "8018", ""),
    ("7253", "FAMILY NAME", "X..40,pcenc", PATIENT_OR_PROVIDER, "7256 7259"),
    ("7254", "GIVEN NAME", "X..40,pcenc", PATIENT_OR_PROVIDER, "7256 7259"),
    ("7255", "SUFFIX", "X..10", PATIENT_OR_PROVIDER, "7256 7259"),
    ("7256", "FULL NAME", "X..90,pcenc", PATIENT_OR_PROVIDER, ""),
    ("7257", "PERSON ADDR", "X..70,pcenc", "8018", ""),
    ("7258", "BIRTH SEQUENCE", "X3,posinseqslash", "8018+7259", ""),
    ("7259", "BABY", "X..40,pcenc", "8018", "7256"),
)

SPECIAL: Final[tuple[Row, ...]] = (
    ("8001", "DIMENSIONS", "N4,nonzero N5,nonzero N3,nonzero N1,winding N1", "01", ""),
    ("8002", "CMT No.", "X..20", "", ""),
    ("8003", "GRAI", "N1,zero N13,csum,key [X..16]", "", ""),
    ("8004", "GIAI", "X..30,key", "", ""),
    ("8005", "PRICE PER UNIT", "N6", ITEM, ""),
    ("8006", "ITIP", "N14,csum N4,pieceoftotal", "", "01 03 37"),
    ("8007", "IBAN", "X..34,iban", "415", ""),
    ("8008", "PROD TIME", "N6,yymmdd N2,hh [N2],mi [N2],ss", ITEM_OR_ORDER, ""),
    ("8009", "OPTSEN", "X..50", "00 01 03", ""),
    ("8010", "CPID", "Y..30,key", "", ""),
    ("8011", "CPID SERIAL", "N..12,nozeroprefix", "8010", ""),
    ("8012", "VERSION", "X..20", INSTANCE, ""),
    ("8013", "GMN", "X..25,csumalpha,key", "", ""),
    ("8014", "MUDI", "X..25,csumalpha,key,hasnondigit", "01", ""),
    ("8017", "GSRN - PROVIDER", "N18,csum,key", "", "8018"),
    ("8018", "GSRN - RECIPIENT", "N18,csum,key", "", "8017"),
    ("8019", "SRIN", "N..10", PATIENT_OR_PROVIDER, ""),
    ("8020", "REF No.", "X..25", "415", ""),
    ("8026", "ITIP CONTENT", "N14,csum N4,pieceoftotal", "37", "02 03 8006"),
    ("8030", "DIGSIG", "Z..90,cset64_padding", SERIALISED, ""),
    ("8040", "IMEI", "N15", "01+21", ""),
    ("8041", "IMEI2", "N15", "01+21+8040", ""),
    ("8042", "ESIM", "N32", "01+21+8040", ""),
    ("8043", "PSIM", "N18 [N..2]", "01+21+8040", ""),
    ("8110", "COUPON CODE", "X..70,couponcode", "", ""),
    ("8111", "POINTS", "N4", "255", ""),
    ("8112", "COUPON POS OFFER", "X..70,couponposoffer", "", ""),
    ("8200", "PRODUCT URL", "X..70", "01", ""),
    ("90", "INTERNAL", "X..30", "", ""),
    *((str(n), "INTERNAL", "X..90", "", "") for n in range(91, 100)),
)

TRADE_MEASURES: Final = (
    ("310", "NET WEIGHT (kg)"), ("311", "LENGTH (m)"), ("312", "WIDTH (m)"), ("313", "HEIGHT (m)"),
    ("314", "AREA (m²)"), ("315", "NET VOLUME (l)"), ("316", "NET VOLUME (m³)"), ("320", "NET WEIGHT (lb)"),
    ("321", "LENGTH (in)"), ("322", "LENGTH (ft)"), ("323", "LENGTH (yd)"), ("324", "WIDTH (in)"),
    ("325", "WIDTH (ft)"), ("326", "WIDTH (yd)"), ("327", "HEIGHT (in)"), ("328", "HEIGHT (ft)"),
    ("329", "HEIGHT (yd)"), ("350", "AREA (in²)"), ("351", "AREA (ft²)"), ("352", "AREA (yd²)"),
    ("356", "NET WEIGHT (tr oz)"), ("357", "NET VOLUME (oz)"), ("360", "NET VOLUME (qt (US))"),
    ("361", "NET VOLUME (gal (US))"), ("364", "NET VOLUME (in³)"), ("365", "NET VOLUME (ft³)"),
    ("366", "NET VOLUME (yd³)"),
)  # fmt: skip
"""Of trade items: the fourth digit of the AI counts decimal places, 0 to 5."""

LOGISTIC_MEASURES: Final = (
    ("330", "GROSS WEIGHT (kg)"), ("331", "LENGTH (m), log"), ("332", "WIDTH (m), log"), ("333", "HEIGHT (m), log"),
    ("334", "AREA (m²), log"), ("335", "VOLUME (l), log"), ("336", "VOLUME (m³), log"), ("340", "GROSS WEIGHT (lb)"),
    ("341", "LENGTH (in), log"), ("342", "LENGTH (ft), log"), ("343", "LENGTH (yd), log"), ("344", "WIDTH (in), log"),
    ("345", "WIDTH (ft), log"), ("346", "WIDTH (yd), log"), ("347", "HEIGHT (in), log"), ("348", "HEIGHT (ft), log"),
    ("349", "HEIGHT (yd), log"), ("353", "AREA (in²), log"), ("354", "AREA (ft²), log"), ("355", "AREA (yd²), log"),
    ("362", "VOLUME (qt (US)), log"), ("363", "VOLUME (gal (US)), log"), ("367", "VOLUME (in³), log"),
    ("368", "VOLUME (ft³), log"), ("369", "VOLUME (yd³), log"),
)  # fmt: skip
"""Of logistic units."""

MEASURE_DECIMALS: Final = 6
AMOUNT_DECIMALS: Final = 10
PERCENT_DECIMALS: Final = 4
UNIT_PRICE_DECIMALS: Final = 6


def _with_decimals(
    prefix: str, title: str, form: str, decimals: int, needs: str = "", excludes: str = ""
) -> Iterator[Row]:
    """A row for each number of decimal places, which the fourth digit tells; only one of them may stand on an item."""
    for places in range(decimals):
        yield f"{prefix}{places}", title, form, needs, f"{prefix}n {excludes}".rstrip(" ")


def rows() -> Iterator[Row]:
    """Every application identifier."""
    yield from IDENTIFICATION
    yield from TRANSPORT
    yield from SECTORS
    yield from SPECIAL
    for prefix, title in TRADE_MEASURES:
        yield from _with_decimals(prefix, title, "N6", MEASURE_DECIMALS, ITEM)
    for prefix, title in LOGISTIC_MEASURES:
        yield from _with_decimals(prefix, title, "N6", MEASURE_DECIMALS, "00 01")
    yield from _with_decimals("337", "KG PER m²", "N6", MEASURE_DECIMALS, "01")
    yield from _with_decimals("390", "AMOUNT", "N..15", AMOUNT_DECIMALS, "255 8020", "391n 394n 8111")
    yield from _with_decimals("391", "AMOUNT", "N3,iso4217 N..15", AMOUNT_DECIMALS, "8020")
    yield from _with_decimals("392", "PRICE", "N..15", AMOUNT_DECIMALS, "01+30 01+31nn 01+32nn 01+35nn 01+36nn", "393n")
    yield from _with_decimals("393", "PRICE", "N3,iso4217 N..15", AMOUNT_DECIMALS, MEASURED)
    yield from _with_decimals("394", "PRCNT OFF", "N4", PERCENT_DECIMALS, "255", "8111")
    yield from _with_decimals("395", "PRICE/UoM", "N6", UNIT_PRICE_DECIMALS, MEASURED, "392n 393n 8005")
