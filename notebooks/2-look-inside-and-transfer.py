# %% [markdown] lang="en"
# # Look inside, and transfer learning
#
# {colab}
#
# First you look into the CNN of the other notebook: its filters, its maps, and which part of a picture decided. Then you take a network that others
# trained on a million photos and teach it cats and dogs in a minute. At the end you ask what it costs: here, on a phone, rented.
#
# | part | minutes |
# |---|---|
# | filters, maps, relevance | 15 |
# | cats and dogs with a borrowed network | 15 |
# | export, time, int8, cost | 10 |
# | discussion | 5 |

# %% [markdown] lang="hu"
# # Belenézünk, és transzfertanulás
#
# {colab}
#
# Először belenézel a másik jegyzetfüzet CNN-jébe: a szűrőibe, a térképeibe, és abba, hogy a kép melyik része döntött. Aztán fogsz egy hálót, amelyet mások
# egymillió fényképen tanítottak be, és egy perc alatt megtanítod neki a macskákat és a kutyákat. A végén megkérdezed, mennyibe kerül: itt, egy telefonon, bérelve.
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
# Train it again here if this is a new folder; it takes half a minute. The first layer has 16 filters of 5 by 5 weights.

# %% [markdown] lang="hu"
# ## Mit keres a CNN: a szűrői
#
# Ha ez új mappa, itt újra betanítod; fél percig tart. Az első rétegnek 16 szűrője van, mindegyik 5 × 5 súly.

# %%
cnn = dlbench.train_network("cnn", epochs=3)
dlbench.viz.draw_filters(cnn.model_path)

# %% [markdown] lang="en"
# ## What it sees: its maps
#
# Each map shows where in the picture one filter responded. **Guess first:** the maps of the last convolution are only a few pixels wide. Why?

# %% [markdown] lang="hu"
# ## Mit lát: a térképei
#
# Minden térkép azt mutatja, hol válaszolt a képen az egyik szűrő. **Előbb tippelj:** az utolsó konvolúció térképei csak néhány képpont szélesek. Miért?

# %%
digits = dlbench.train.load("mnist-sample")
digit = dlbench.viz.picture_of_array(cnn.model_path, "digit", digits.images[digits.split.test[0]])  # (1, 28, 28)
dlbench.viz.draw_answers(cnn.model_path, digit)

# %%
dlbench.viz.draw_activations(cnn.model_path, digit)

# %% [markdown] lang="en"
# ## What decided: relevance
#
# Red parts speak for the answer, blue parts against it. Beside the answer stands the runner-up: what would have to change for the network to say that?

# %% [markdown] lang="hu"
# ## Mi döntött: a relevancia
#
# A piros részek a válasz mellett szólnak, a kékek ellene. A válasz mellett ott áll a második helyezett: minek kellene megváltoznia, hogy a háló azt mondja?

# %%
dlbench.viz.relevance_pictures(cnn.model_path, digit)

# %% [markdown] lang="en"
# ## Cats and dogs
#
# A CNN of your own would need many thousands of photos. A borrowed one needs a few hundred.
#
# The photos: a folder with one folder for each class (`photos/cat/`, `photos/dog/`), JPEG, PNG and others mixed. On Colab mount your Drive and give the path.
# Without a folder the cell takes small pieces of two photos that scikit-learn ships, a temple and a flower: easy, but enough to see each step. With internet,
# `PHOTOS = "oxford-pets"` downloads 7,400 cats and dogs (800 MB).

# %% [markdown] lang="hu"
# ## Macskák és kutyák
#
# Egy saját CNN-hez sok ezer fénykép kellene. Egy kölcsönvetthez elég néhány száz.
#
# A fényképek: egy mappa, benne minden osztálynak egy-egy mappa (`photos/cat/`, `photos/dog/`), JPEG, PNG és más vegyesen. A Colabon csatold a Drive-odat, és add
# meg az útvonalat. Mappa nélkül a cella két olyan fénykép kis darabjait veszi, amelyek a scikit-learn csomagban vannak, egy templomét és egy virágét: könnyű feladat,
# de minden lépés látszik rajta. Internettel a `PHOTOS = "oxford-pets"` letölt 7400 macskát és kutyát (800 MB).

# %%
# en: Colab: from google.colab import drive; drive.mount("/content/drive"), then PHOTOS = "/content/drive/MyDrive/photos"
# hu: Colab: from google.colab import drive; drive.mount("/content/drive"), majd PHOTOS = "/content/drive/MyDrive/photos"
PHOTOS = os.environ.get("DLBENCH_PHOTOS") or ("photos" if os.path.isdir("photos") else "sample-photos")
photos = dlbench.survey(PHOTOS)
photos

# %%
photos.picture()

# %% [markdown] lang="en"
# ### The borrowed network
#
# MobileNetV2 knows a thousand kinds of things from ImageNet. Its convolutions stay frozen; only a new head, one number for each class, is trained.

# %% [markdown] lang="hu"
# ### A kölcsönvett háló
#
# A MobileNetV2 ezerféle dolgot ismer az ImageNet képeiről. A konvolúciói befagyasztva maradnak; csak egy új fejet tanítunk, amely osztályonként egy számot ad.

# %%
dlbench.inspect_backbone("mobilenet_v2", freeze="all", outputs=len(photos.classes))

# %%
frozen = dlbench.train_network("transfer", data=PHOTOS, freeze="all", epochs=3)
frozen

# %% [markdown] lang="en"
# A frozen part gives the same numbers for a photo in every epoch, so they are computed once and the epochs take seconds. Now the last stage learns too, more
# slowly than the head, so as not to spoil what it knows.

# %% [markdown] lang="hu"
# A befagyasztott rész minden epochban ugyanazt a számot adja egy képre, ezért elég egyszer kiszámolni, és az epochok másodpercekig tartanak. Most az utolsó szakasz is
# tanul, lassabban, mint a fej, hogy el ne rontsa, amit tud.

# %%
last = dlbench.train_network("transfer", data=PHOTOS, freeze="last-1", epochs=1, name="transfer-last-1")
last

# %% [markdown] lang="en"
# **Look at the two intervals before you say which one is better.** With so few test photos a difference of a point or two is chance.
#
# And which part of a photo decided?

# %% [markdown] lang="hu"
# **Nézd meg a két intervallumot, mielőtt kimondod, melyik a jobb.** Ennyi tesztképnél egy-két százalékpont a véletlen műve.
#
# És a fénykép melyik része döntött?

# %%
pictures = dlbench.train.load(PHOTOS)
photo = dlbench.viz.picture_of_array(frozen.model_path, "photo", pictures.images[pictures.split.test[0]])  # (3, 224, 224)
dlbench.viz.relevance_pictures(frozen.model_path, photo)

# %% [markdown] lang="en"
# ## What it costs
#
# The network is an ONNX file now: any machine with ONNX Runtime runs it, without torch. int8 stores each weight in one byte in place of four. **Guess first:** how many
# times as fast is it here? Four times?

# %% [markdown] lang="hu"
# ## Mennyibe kerül
#
# A háló most egy ONNX-fájl: bármely gép futtatja, amelyen van ONNX Runtime, torch nélkül is. Az int8 egy bájton tárolja a súlyokat négy helyett. **Előbb tippelj:**
# hányszor olyan gyors itt? Négyszer?

# %%
small = dlbench.export_model("transfer", precision="int8")
small

# %%
result = dlbench.compare(["transfer"], precision="fp32,int8", providers=runtime.providers, batch_sizes=[1], budget=20)
result.table()

# %%
result.table("cost")

# %% [markdown] lang="en"
# ### On hardware that is not here
#
# These are ranges from a stated model, no measurements.

# %% [markdown] lang="hu"
# ### Olyan hardveren, amely nincs itt
#
# Ezek egy megadott modellből számolt tartományok, nem mérések.

# %%
dlbench.estimate(result, on=["t4", "l4", "rpi4-4gb", "tpu-v2-chip"])

# %% [markdown] lang="en"
# ### Which device would you choose?
#
# A hundred thousand answers a day, each within 50 ms. Every device of the price list is held against that: "surely" serves with the whole range, "may" with a part of it.

# %% [markdown] lang="hu"
# ### Melyik eszközt választanád?
#
# Napi százezer válasz, mindegyik 50 ms-on belül. Az árlista minden eszközét ehhez mérjük: ami biztosan megfelel, annak az egész tartománya belefér, ami talán, annak csak egy
# része.

# %%
dlbench.choose(result, latency="50ms", per_day=100_000, network="transfer")

# %% [markdown] lang="en"
# ### Buy, rent or Colab?

# %% [markdown] lang="hu"
# ### Venni, bérelni, vagy Colab?

# %%
choice = dlbench.buy_or_rent(own="rtx-2080-ti", rent="aws-g4dn-xlarge", hours_per_day=2)
choice

# %%
choice.charts()

# %% [markdown] lang="en"
# ### The whole report
#
# One page that needs nothing else: hand it in, or put those of the class together with `dlbench report *.json`.

# %% [markdown] lang="hu"
# ### Az egész jelentés
#
# Egyetlen oldal, amelyhez nem kell semmi más: add be, vagy tedd össze az osztályéit így: `dlbench report *.json`.

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
# The break-even hours from the table against 60 hours a week *if all need a card at once*; free Colab has an unpublished quota and is not guaranteed; a machine left
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
# The accuracy on a hundred photos, and any time of a machine that was busy with something else: the report marks such rounds.
#
# </details>

# %% [markdown] lang="hu"
# ## Beszéljük meg
#
# **1.** Miért nem négyszer gyorsabb az int8?
#
# <details><summary>Mi van egy jó válaszban</summary>
#
# A negyedannyi bájt ott segít, ahol a memória volt a korlát. A szorzás csak akkor lesz gyorsabb, ha a processzornak van 8 bites utasítása, és néhány réteg így is
# lebegőpontos marad. A jelentés megmondja, mi futott itt int8-ban.
#
# </details>
#
# **2.** Az iskoládban 30 diáknak van hetente két ilyen órája. Kártyát vennél, bérelnél, vagy Colabot használnál?
#
# <details><summary>Mi van egy jó válaszban</summary>
#
# A táblázatban látható megtérülési óraszám a heti 60 órával szemben, *ha mindenkinek egyszerre kell kártya*; az ingyenes Colabnak van egy nem közölt kerete, és nincs rá
# garancia; egy véletlenül bekapcsolva felejtett gép többe kerül, mint az összes óra együtt. És ehhez az órához: semmilyen kártya nem kell.
#
# </details>
#
# **3.** A relevancia a háttéren van, nem az állaton. A pontosság 98 %. Használnád ezt a hálót?
#
# <details><summary>Mi van egy jó válaszban</summary>
#
# Nem, amíg máshonnan származó képeken ki nem próbáltad. Lehet, hogy a kanapét tanulta meg. Ezt az ugyanazokból a képekből vett tesztrész nem tudja megmutatni.
#
# </details>
#
# **4.** Melyik mai számot nem mondanád tovább senkinek az intervalluma nélkül?
#
# <details><summary>Mi van egy jó válaszban</summary>
#
# A száz képen mért pontosságot, és bármely időt, amelyet mással elfoglalt gépen mértek: az ilyen köröket a jelentés megjelöli.
#
# </details>
