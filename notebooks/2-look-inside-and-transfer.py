# %% [markdown] lang="en"
# # Look inside, and transfer learning
#
# {colab}
#
# First you train the CNN of the other notebook again and look into it: its filters, its maps, and which part of a picture decided. Then you take a network that others
# trained on a million photos and teach it cats and dogs in a minute. At the end you ask what it costs: here, on a phone, rented.
#
# | part | minutes |
# |---|---|
# | filters, maps, relevance | 15 |
# | cats and dogs with a borrowed network | 15 |
# | export, time, int8, cost | 10 |
# | discussion | 5 |

# %% [markdown] lang="hu"
# # A háló belseje és a transzfertanulás
#
# {colab}
#
# Először belenézel a másik jegyzetfüzet CNN-jébe: a szűrőibe, a térképeibe, és abba, hogy a kép melyik része döntött. Aztán fogsz egy hálót, amelyet mások
# egymillió fényképen tanítottak be, és egy perc alatt megtanítod felismerni a macskákat és a kutyákat. A végén megkérdezed, mennyibe kerül: itt, egy telefonon, bérelve.
#
# | rész | perc |
# |---|---|
# | szűrők, térképek, relevancia | 15 |
# | macskák és kutyák egy kölcsönvett hálóval | 15 |
# | exportálás, idő, int8, költség | 10 |
# | beszélgetés | 5 |

# %% tags=["setup"]
# {setup}

# %%
import dlbench

runtime = dlbench.find_runtime(wanted="any")
runtime

# %% [markdown] lang="en"
# ## What the CNN looks for: its filters
#
# The next cell trains the CNN (half a minute) and draws its first layer: 16 filters of 5 by 5 weights. **What to look for:** red beside blue is an edge: such a filter responds where
# the picture is bright under red and dark under blue. **Find one** whose red and blue lie on two sides: in which direction does its edge run?

# %% [markdown] lang="hu"
# ## Mit keres a CNN? A szűrők
#
# A következő cella betanítja a CNN-t (fél perc), és kirajzolja az első rétegét: 16 szűrő, mindegyik 5 × 5 súly. **Mit nézz:** ahol piros és kék találkozik, ott egy él van: az ilyen
# szűrő ott válaszol, ahol a kép a piros alatt világos, a kék alatt sötét. **Keress egyet**, amelyben a piros és a kék két oldalon van: merre fut az éle?

# %%
cnn = dlbench.train_network("cnn", epochs=3)
dlbench.viz.draw_filters(cnn.model_path)

# %% [markdown] lang="en"
# ## What it sees: its maps
#
# Each map shows where in the picture one filter responded. **Guess first:** the maps of the last convolution are only a few pixels wide. Why?

# %% [markdown] lang="hu"
# ## Mit lát a CNN? A térképek
#
# Minden térkép azt mutatja, a kép mely pontjain adott erős jelet egy-egy szűrő. **Előbb tippelj:** az utolsó konvolúció térképei csak néhány képpont szélesek. Miért?

# %%
digits = dlbench.train.load("mnist-sample")
digit = dlbench.viz.picture_of_array(cnn.model_path, "digit", digits.images[digits.split.test[0]])  # (1, 28, 28)
dlbench.viz.draw_answers(cnn.model_path, digit)

# %% [markdown] lang="en"
# **How to read it:** the longest bar is the answer. The others show what the network might have confused it with. The next cell draws what each convolution makes of the digit:
# red is strong, blue the opposite, white nothing.

# %% [markdown] lang="hu"
# **Így olvasd:** a leghosszabb oszlop a válasz. A többi azt mutatja, mivel téveszthette volna össze. A következő cella azt rajzolja ki, mit csinál a számjegyből egy-egy
# konvolúció: a piros pozitív, a kék negatív, a fehér nulla.

# %%
dlbench.viz.draw_activations(cnn.model_path, digit)

# %% [markdown] lang="en"
# **What to see:** in the first maps you still recognise the digit, in the last ones you no longer do. Each pooling halves the sides: 28, 14, 7 pixels. The place gets lost, and what remains
# is which strokes there are: just what it takes to name a digit.
#
# ## What decided: relevance
#
# Red parts speak for the answer, blue parts against it. Beside the answer stands the runner-up: what would have to change for the network to say that?

# %% [markdown] lang="hu"
# **Mit látsz:** az első térképeken még felismered a számjegyet, az utolsókon már nem. Minden összevonás megfelezi az oldalakat: 28, 14, 7 képpont. A hely elvész, és az marad meg,
# milyen vonalak vannak a képen: pontosan az, ami egy számjegy megnevezéséhez kell.
#
# ## Mi döntött: a relevancia
#
# A piros részek a válasz mellett szólnak, a kékek ellene. A válasz mellett ott áll a második helyezett: minek kellene megváltoznia, hogy a háló azt mondja?

# %%
dlbench.viz.relevance_pictures(cnn.model_path, digit)

# %% [markdown] lang="en"
# **How to read it:** the top row is the map, the one below it the same over the digit. Two checks stand beside them. *Deletion:* the black line falls when the most relevant pixels are
# removed first; if it falls faster than the dashed one (a random order), the map has found what decides. *Sanity check:* with shuffled weights the map must change; if it did not, it
# would show the picture and not the network.
#
# ## Cats and dogs
#
# A CNN of your own would need many thousands of photos. A borrowed one needs a few hundred: take 200 or more of each class. (The teacher's plan quotes results with 500 of each.)
#
# The photos: a folder with one folder for each class (`photos/cat/`, `photos/dog/`), JPEG, PNG and others mixed. On Colab mount your Drive and give the path.
# Without a folder the cell takes small pieces of two photos that scikit-learn ships, a temple and a flower: easy, but enough to see each step. With internet,
# `PHOTOS = "oxford-pets"` downloads 7,400 cats and dogs (800 MB).

# %% [markdown] lang="hu"
# **Így olvasd:** a felső sor a térkép, az alatta lévő ugyanaz a számjegyre fektetve. Mellettük két ellenőrzés áll. *Törlés:* a fekete vonal azt mutatja, hogyan gyengül a válasz, ahogy a legfontosabb képpontokat
# vesszük el először; ha gyorsabban esik, mint a szaggatott (véletlen sorrend), a térkép megtalálta, mi dönt. *Ellenőrző próba:* összekevert súlyokkal a térképnek meg kell változnia; ha nem
# változna, a képet mutatná, és nem a hálót.
#
# ## Macskák és kutyák
#
# Egy saját CNN-hez sok ezer fénykép kellene. Egy kölcsönvett hálóhoz elég néhány száz: osztályonként legalább 200. (A tanári óravázlat számai 500-500 képből valók.)
#
# A fényképek: egy mappa, benne minden osztálynak egy-egy mappa (`photos/cat/`, `photos/dog/`), JPEG, PNG és más formátum vegyesen. A Colabon csatold a Drive-odat, és add
# meg az útvonalat. Mappa nélkül a cella a scikit-learn csomag két fényképéből vett kis képrészleteket használja, egy templomét és egy virágét: könnyű feladat,
# de minden lépés látszik rajta. Internettel a `PHOTOS = "oxford-pets"` letölt 7400 macskát és kutyát (800 MB).

# %%
# en: Colab: from google.colab import drive; drive.mount("/content/drive"), then PHOTOS = "/content/drive/MyDrive/photos"
# hu: Colab: from google.colab import drive; drive.mount("/content/drive"), majd PHOTOS = "/content/drive/MyDrive/photos"
PHOTOS = os.environ.get("DLBENCH_PHOTOS") or ("photos" if os.path.isdir("photos") else "sample-photos")
photos = dlbench.survey(PHOTOS)
photos

# %% [markdown] lang="en"
# **What to see:** how many photos each part has, and what was left out: a file that can't be read is named below the tables. Then look at the photos: could the background give the
# answer away?

# %% [markdown] lang="hu"
# **Mit látsz:** hány fénykép jutott az egyes részekbe, és mi maradt ki: a nem olvasható fájlokat a táblázatok alatt megnevezi. Aztán nézd meg a képeket: nem árulja el a háttér a
# választ?

# %%
photos.picture()

# %% [markdown] lang="en"
# ### The borrowed network
#
# MobileNetV2 knows a thousand kinds of things from ImageNet. Its convolutions stay frozen; only a new head, which gives one number for each class, is trained. **Look at the last column:** a single
# line says "trained".

# %% [markdown] lang="hu"
# ### A kölcsönvett háló
#
# A MobileNetV2 ezerféle dolgot ismer az ImageNet képeiről. A konvolúciói befagyasztva maradnak; csak egy új fejet tanítunk, amely osztályonként egy számot ad. **Nézd az utolsó
# oszlopot:** egyetlen sorban áll „betanítva”.

# %%
dlbench.inspect_backbone("mobilenet_v2", freeze="all", outputs=len(photos.classes))

# %% [markdown] lang="en"
# **Guess first:** how many of the test photos will it get right? And a network that starts from nothing?

# %% [markdown] lang="hu"
# **Előbb tippelj:** hány tesztképet talál el? És az a háló, amely a semmiből indul?

# %%
frozen = dlbench.train_network("transfer", data=PHOTOS, freeze="all", epochs=3)
frozen

# %% [markdown] lang="en"
# **How to read it:** the accuracy, and its interval: with few test photos it is wide, so even 100 % is no promise. *Parameters* says how few weights were trained. On 1,000 photos of cats
# and dogs the frozen network was right 98 % of the time, a small CNN from scratch 73 %.
#
# A frozen part gives the same numbers for a photo in every epoch, so they are computed once and the epochs take seconds. Now the last stage learns too, more slowly than the head, so
# as not to spoil what it knows.

# %% [markdown] lang="hu"
# **Így olvasd:** a pontosság és az intervalluma: kevés tesztképnél széles, ezért még a 100 % sem ígéret. A *paraméter* sor mondja meg, milyen kevés súly tanult. 1000 képpel, macskákkal
# és kutyákkal a fagyasztott háló a tesztképek 98%-át találta el, egy nulláról tanított kis CNN a 73%-át.
#
# A befagyasztott rész minden epochban ugyanazokat a számokat adja egy képre, ezért elég egyszer kiszámolni őket, és az epochok másodpercekig tartanak. Most az utolsó szakasz is tanul,
# lassabban, mint a fej, hogy el ne rontsa, amit tud.

# %%
last = dlbench.train_network("transfer", data=PHOTOS, freeze="last-1", epochs=2, name="transfer-last-1")
last

# %% [markdown] lang="en"
# **Look at the two intervals before you say which one is better.** With so few test photos a difference of a point or two is chance. "Kept are 100% of the weights before" means that
# training the last stage gained nothing on the validation photos, so the network stayed as it was.
#
# And which part of a photo decided?

# %% [markdown] lang="hu"
# **Nézd meg a két intervallumot, mielőtt kimondod, melyik a jobb.** Ennyi tesztképnél egy-két százalékpont a véletlen műve. A „megtartva a korábbi súlyok 100%” azt jelenti, hogy az
# utolsó szakasz tanítása a validációs képeken semmit sem javított, ezért a háló maradt, amilyen volt.
#
# És a fénykép melyik része döntött?

# %%
pictures = dlbench.train.load(PHOTOS)
photo = dlbench.viz.picture_of_array(frozen.model_path, "photo", pictures.images[pictures.split.test[0]])  # (3, 224, 224)
dlbench.viz.relevance_pictures(frozen.model_path, photo)

# %% [markdown] lang="en"
# **What to see:** the map is coarse, 7 by 7 places, for that is all that the last convolution keeps of the photo. Does the red lie on the animal or on the background? Where the solid
# line does not fall faster than the dashed one, the map has found nothing: don't believe it.
#
# ## What it costs
#
# The network is an ONNX file now: any machine with ONNX Runtime runs it, without torch. int8 stores each weight in one byte in place of four. **Guess first:** how many
# times as fast is it here? Four times?

# %% [markdown] lang="hu"
# **Mit látsz:** a térkép durva, csak 7 × 7 mezőből áll, mert az utolsó konvolúció ennyit tart meg a képből. A piros az állaton van, vagy a háttéren? Ahol a folytonos vonal nem esik gyorsabban,
# mint a szaggatott, ott a térkép semmit sem talált: ne higgy neki.
#
# ## Mennyibe kerül
#
# A háló most egy ONNX-fájl: bármely olyan gépen fut, amelyen van ONNX Runtime, torch nélkül is. Az int8 négy helyett egy bájton tárolja a súlyokat. **Előbb tippelj:**
# hányszor olyan gyors itt? Négyszer?

# %%
small = dlbench.export_model("transfer", precision="int8")
small

# %% [markdown] lang="en"
# **What to see:** the file is a little more than a quarter of the size. The next cell says whether it is also faster, and the one after it what that saves.

# %% [markdown] lang="hu"
# **Mit látsz:** a fájl mérete alig több az eredeti negyedénél. A következő cella megmondja, gyorsabb-e is, az utána lévő pedig, mennyit takarít meg.

# %%
result = dlbench.compare(["transfer"], precision="fp32,int8", providers=runtime.providers, batch_sizes=[1], budget=20)
result.table()

# %%
result.table("cost")

# %% [markdown] lang="en"
# **How to read it:** divide the two medians: that is how many times as fast int8 is. If the intervals overlap, you can't say that it is faster at all. The costs follow from the times:
# twice as fast is half the price.
#
# ### On hardware that is not here
#
# Nothing ran on these devices: the ranges come from a formula that was fitted to published measurements. "Than here" compares with this machine, and says "can't tell" where its
# time lies inside the range. A TPU is of no use to ONNX Runtime: its row shows what such a chip could do.

# %% [markdown] lang="hu"
# **Így olvasd:** oszd el egymással a két mediánt: ennyiszer olyan gyors az int8. Ha az intervallumok átfedik egymást, nem mondható ki, hogy egyáltalán gyorsabb. A költség az időből
# következik: ami kétszer olyan gyors, fele annyiba kerül.
#
# ### Olyan hardveren, amely nincs itt
#
# Ezeken az eszközökön semmi sem futott: a tartományok egy közölt mérésekre illesztett képletből származnak. Az „az ittenihez képest” oszlop ezzel a géppel hasonlít össze, és „nem dönthető el”
# áll benne, ha a gép ideje a tartományon belül van. A TPU-val az ONNX Runtime nem tud mit kezdeni: a sora azt mutatja, mire lenne képes egy ilyen lapka.

# %%
dlbench.estimate(result, on=["t4", "l4", "rpi4-4gb", "tpu-v2-chip"])

# %% [markdown] lang="en"
# ### Which device would you choose?
#
# A hundred thousand answers a day, each within 50 ms. Every device of the price list is checked against that: "surely" means that its whole range is fast enough, "may" that only part of it is. The advice
# stands above the table, the cheapest device in its first row. **Ask:** for how much of the day is it idle? ("busy" is the share of the day in which it works.)

# %% [markdown] lang="hu"
# ### Melyik eszközt választanád?
#
# Napi százezer válasz, mindegyik 50 ms-on belül. Az árlista minden eszközét ehhez mérjük: ami biztosan megfelel, annak az egész tartománya belefér, ami talán, annak csak egy
# része. A tanács a táblázat fölött áll, a legolcsóbb eszköz az első sorban. **Kérdés:** a nap mekkora részében áll tétlenül? (A „foglalt” oszlop az, amikor dolgozik.)

# %%
dlbench.choose(result, latency="50ms", per_day=100_000, network="transfer")

# %% [markdown] lang="en"
# ### Buy, rent or Colab?
#
# A card of your own for 999 USD, or a rented T4, two hours a day. **Guess first:** after how many months has the card paid for itself?

# %% [markdown] lang="hu"
# ### Venni, bérelni vagy Colab?
#
# Saját kártya 999 USD-ért, vagy egy bérelt T4, napi két órára. **Előbb tippelj:** hány hónap alatt hozza vissza az árát a kártya?

# %%
choice = dlbench.buy_or_rent(own="rtx-2080-ti", rent="aws-g4dn-xlarge", hours_per_day=2)
choice

# %%
choice.charts()

# %% [markdown] lang="en"
# **How to read it:** the dot of the first chart is where owning catches up. In the second chart a long bar is an assumption that moves the answer a lot: change that one before you
# argue about the others.
#
# ### The whole report
#
# One page that needs nothing else: look at its questions for the class, at the end. Hand in `my-result.json`; `dlbench report handed-in/` puts those of the class together.

# %% [markdown] lang="hu"
# **Így olvasd:** az első ábrán a pont az, ahol a saját kártya utoléri a bérlést. A másodikon a hosszú sáv olyan feltevést jelöl, amely sokat mozdít a válaszon: előbb azt változtasd meg, és
# csak utána vitatkozz a többiről.
#
# ### Az egész jelentés
#
# Egyetlen, önmagában megnyitható oldal: a végén vannak az osztálynak szóló kérdések. A `my-result.json` fájlt add le; az egész osztály eredményeit a `dlbench report handed-in/` teszi össze.

# %%
result.save("my-result.json")
dlbench.write_report(result)

# %% [markdown] lang="en"
# ## Discussion
#
# **1.** Why does int8 not gain a factor of four?
#
# <details><summary>What a good answer contains</summary>
#
# A quarter of the bytes helps where memory was the limit. Multiplications gain only if the processor has instructions for 8 bits, and some layers stay float. The
# report says which kernels ran in int8 here.
#
# </details>
#
# **2.** Your school has 30 pupils with two hours of this a week. Buy a card, rent, or Colab?
#
# <details><summary>What a good answer contains</summary>
#
# If all need a card at once: 30 cards, each used for 2 hours a week. If they take turns: one card, 60 hours a week. Compare each with the break-even point; free Colab has an unpublished quota and is not guaranteed; a machine left
# running by mistake costs more than all lessons together. And the answer for this lesson: no card at all.
#
# </details>
#
# **3.** The relevance lies on the background, not on the animal. The accuracy is 98 %. Would you use this network?
#
# <details><summary>What a good answer contains</summary>
#
# No, not before you have tested it on photos from elsewhere. It may have learned the sofa. A test split from the same photos can't show that.
#
# </details>
#
# **4.** Which figure of today would you not repeat to anyone without its interval?
#
# <details><summary>What a good answer contains</summary>
#
# Each accuracy: of 200 test photos one is half a point, of 24 more than four. And any time measured on a machine that was busy with something else: the report marks such rounds.
#
# </details>

# %% [markdown] lang="hu"
# ## Beszéljük meg
#
# **1.** Miért nem négyszer gyorsabb az int8?
#
# <details><summary>Ez legyen egy jó válaszban</summary>
#
# A negyedannyi bájt ott segít, ahol a memória volt a korlát. A szorzás csak akkor lesz gyorsabb, ha a processzornak van 8 bites utasítása, és néhány réteg így is
# lebegőpontos marad. A jelentés megmondja, mi futott itt int8-ban.
#
# </details>
#
# **2.** Az iskoládban 30 diáknak van hetente két ilyen órája. Kártyát vennél, bérelnél, vagy Colabot használnál?
#
# <details><summary>Ez legyen egy jó válaszban</summary>
#
# A táblázat megtérülési óraszámát kell összevetni a heti 60 órával, *ha mindenkinek egyszerre kell kártya*; az ingyenes Colabnak van egy nem közölt kerete, és nincs rá
# garancia; egy véletlenül bekapcsolva felejtett gép többe kerül, mint az összes óra együtt. És ehhez az órához: semmilyen kártya nem kell.
#
# </details>
#
# **3.** A relevancia a háttéren van, nem az állaton. A pontosság 98 %. Használnád ezt a hálót?
#
# <details><summary>Ez legyen egy jó válaszban</summary>
#
# Nem, amíg máshonnan származó képeken ki nem próbáltad. Lehet, hogy a kanapét tanulta meg. Ezt az ugyanazokból a képekből vett tesztrész nem tudja megmutatni.
#
# </details>
#
# **4.** A mai számok közül melyiket nem adnád tovább az intervalluma nélkül?
#
# <details><summary>Ez legyen egy jó válaszban</summary>
#
# Egyik pontosságot sem: 200 tesztképnél egy kép fél százalékpont, 24-nél több mint négy. És egyetlen időt sem, amelyet leterhelt gépen mértek: az ilyen köröket a jelentés megjelöli.
#
# </details>
