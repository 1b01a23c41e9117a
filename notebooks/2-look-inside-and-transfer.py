# %% [markdown] lang="en"
# # Look inside, and transfer learning
#
# {colab}
#
# First you train the CNN of the other notebook again and look into it: its filters, its maps, and which part of a picture decided. Then you take a network that others
# trained on 1.3 million photos and teach it cats and dogs in a minute. At the end you ask what it costs: here, rented, and on hardware that you don't have.
# All cells together compute for two to five minutes, on a machine that other programs keep busy for up to a quarter of an hour.
#
# | part | minutes of the lesson |
# |---|---|
# | What the CNN looks for: filters and maps | 50-55 |
# | What decided: relevance | 55-59 |
# | Cats and dogs: a borrowed network | 59-63 |
# | Frozen, last stages, from scratch | 63-69 |
# | A photo of your own | 69-72 |
# | Time and price here | 72-77 |
# | The page of the class | 77-82 |
# | Buy, rent or Colab? | 82-87 |
# | Who was right? | 87-90 |
# | int8, hardware that is not here, choosing a device, discussion | if time is left, or at home |
#
# <details><summary>Words used here</summary>
#
# | word | what it means |
# |---|---|
# | filter, map | a filter is a small pattern of weights that slides over the picture; its map says where it responded |
# | stage | a group of layers that belong together; MobileNetV2 has 19 before its head |
# | backbone, head | the backbone is the borrowed part, which turns a photo into 1,280 numbers; the head turns those into the answer |
# | frozen | not changed by the training |
# | runner-up | the class in second place: the second largest probability |
# | relevance | how much each part of a picture speaks for an answer, or against it |
# | occlusion, cam | two ways to find it: hide one small patch after the other; add up the last maps |
# | provider | the part of ONNX Runtime, the library that runs the networks here, for one kind of hardware: cpu, cuda |
# | fp32, int8 | each number of the network as 32 bits with a decimal point (float), or as a whole number of 8 bits |
# | verdict | did the network run where it was asked to? "ran 102/102": all 102 steps of the borrowed network did (the cnn has 18) |
#
# `!dlbench help words` in a cell of its own explains many more.
#
# </details>

# %% [markdown] lang="hu"
# # A háló belseje és a transzfertanulás
#
# {colab}
#
# Először újra betanítod a másik jegyzetfüzet CNN-jét, és belenézel: a szűrőibe, a térképeibe, és abba, hogy a kép melyik része döntött. Aztán előveszel egy hálót, amelyet mások
# 1,3 millió fényképen tanítottak be, és egy perc alatt megtanítod felismerni a macskákat és a kutyákat. A végén megkérdezed, mennyibe kerül: itt, bérelve, és olyan hardveren, amely
# nincs is itt. Az összes cella együtt két-öt percig számol, ha a gépen más programok is futnak, akár negyedóráig.
#
# | rész | az óra percei |
# |---|---|
# | Mit keres a CNN: szűrők és térképek | 50–55. |
# | Mi döntött: a relevancia | 55–59. |
# | Macskák és kutyák: egy kölcsönvett háló | 59–63. |
# | Befagyasztva, utolsó szakaszok, nulláról | 63–69. |
# | Saját fénykép | 69–72. |
# | Idő és ár ezen a gépen | 72–77. |
# | Az osztály közös jelentése | 77–82. |
# | Venni, bérelni vagy Colab? | 82–87. |
# | Kinek lett igaza? | 87–90. |
# | int8, más hardver, eszközválasztás, beszélgetés | ha marad idő, vagy otthon |
#
# <details><summary>Szavak, amelyek itt előfordulnak</summary>
#
# | szó | mit jelent |
# |---|---|
# | szűrő, térkép | a szűrő súlyok kis mintája, amely végigcsúszik a képen; a térképe megmutatja, hol adott erős jelet |
# | szakasz | összetartozó rétegek; a MobileNetV2-nek 19 van a feje előtt |
# | gerinchálózat (backbone), fej (head) | a gerinchálózat a kölcsönvett rész: egy fényképből 1280 számot csinál; a fej ezekből választ |
# | befagyasztott | a tanítás nem változtatja meg |
# | második helyezett | a második legnagyobb valószínűségű osztály |
# | relevancia | mennyire szól a kép egy-egy része egy válasz mellett vagy ellen |
# | occlusion, cam | két módszer a relevanciára: egy-egy kis folt letakarása sorban; az utolsó térképek összegzése |
# | végrehajtó (execution provider) | az ONNX Runtime (a hálókat futtató programkönyvtár) egyfajta hardverhez való része: cpu, cuda |
# | fp32, int8 | a háló minden száma 32 bites lebegőpontos, illetve 8 bites egész szám |
# | minősítés | ott futott-e a háló, ahol kértük? „lefutott 102/102”: a kölcsönvett háló mind a 102 lépése ott futott (a cnn-nek 18 van) |
#
# Egy külön cellában a `!dlbench help words --lang hu` még sok szót elmagyaráz.
#
# </details>

# %% tags=["setup"]
# {setup}

# %%
import dlbench

runtime = dlbench.find_runtime(wanted="any")
runtime

# %% [markdown] lang="en"
# ## What the CNN looks for: filters and maps
#
# *Minutes 50-55*
#
# The next cell trains the CNN again, with the same settings as in the first notebook, so on the same machine it comes out the same (10 to 20 seconds, where other programs run one to six minutes), and draws its first layer: 16 filters of
# 5 by 5 weights, numbered from 0. `cnn.model_path` is the file that the training wrote. Red is a weight above 0, blue one below. A filter responds where the picture is bright under red and dark under blue: red on one side and blue on the
# other looks for a border between bright and dark. Most filters are speckled, and that is usual. **Find one** with a red and a blue side.

# %% [markdown] lang="hu"
# ## Mit keres a CNN: szűrők és térképek
#
# *50–55. perc*
#
# A következő cella újra betanítja a CNN-t, ugyanazokkal a beállításokkal, mint az első jegyzetfüzet, ezért ugyanazon a gépen ugyanaz lesz (10–20 másodperc; ha más programok is futnak, egy-hat perc), és kirajzolja az első rétegét: 16 szűrő,
# mindegyik 5 × 5 súly, 0-tól számozva. A `cnn.model_path` az a fájl, amelyet a tanítás írt. A piros súly pozitív, a kék negatív. Egy szűrő ott ad erős jelet, ahol a kép a piros helyén világos, a kék helyén sötét: ha az egyik oldala piros, a
# másik kék, akkor világos és sötét határát keresi. A legtöbb szűrő foltos, ez így szokásos. **Keress egyet**, amelynek van egy piros és egy kék oldala.

# %%
cnn = dlbench.train_network("cnn")
dlbench.viz.draw_filters(cnn.model_path)

# %% [markdown] lang="en"
# ### What it sees: its maps
#
# First the digit and the answer. `number = 0` is the first of the 500 test digits: change the 0 to look at another.

# %% [markdown] lang="hu"
# ### Mit lát? A térképek
#
# Előbb a számjegy és a válasz. A `number = 0` az 500 tesztszámjegy közül az első: írj más számot a 0 helyére, ha másikat néznél meg.

# %%
# en: 0 to 499
# hu: 0 és 499 között
number = 0
data = dlbench.train.load("mnist-sample")
place = data.split.test[number]
truth = data.classes[data.labels[place]]
digit = dlbench.viz.picture_of_array(cnn.model_path, "digit", data.images[place], truth=truth)  # (1, 28, 28)
dlbench.viz.draw_answers(cnn.model_path, digit)

# %% [markdown] lang="en"
# **How to read it:** the longest bar is the answer (the five most likely digits are drawn); *truth* marks the label that a person gave. The others show what the network might have confused it with. (A *logit* is the sum that the last layer gives for a digit; softmax makes the shares of them.)
#
# Now one filter, enlarged, and its *map*: it shows where in the picture the filter responded; red is now a strong response, blue the opposite, white 0. (A tinted background: black is not 0 for the network, but (0 - 0.1314) / 0.3086 = -0.43, so a filter whose weights don't add up to 0, such as 13, gives a value there too. The frame comes from the border of zeros.) **Which borders** of the digit are red? Then change the last number, to 12, 7 or 13.

# %% [markdown] lang="hu"
# **Így olvasd:** a leghosszabb sáv a válasz (az öt legvalószínűbb számjegy látszik); a *valóság* az a címke, amelyet egy ember adott. A többi azt mutatja, mivel téveszthette volna össze. (A *logit* az az összeg, amelyet az utolsó réteg egy számjegyhez ad; a softmax ezekből csinál részeket.)
#
# Most egyetlen szűrő, nagyítva, és a *térképe*: azt mutatja, a kép mely pontjain adott erős jelet a szűrő; a piros itt erős jel, a kék az ellenkezője, a fehér 0. (Ha színes a háttér: a fekete a hálónak nem 0, hanem (0 − 0,1314) / 0,3086 = −0,43; ha egy szűrő súlyainak összege nem 0, mint a 13-asé, ott is ad értéket. A keret a nullákból álló szegélytől van.) **A számjegy melyik szélei** pirosak? Aztán írd át az utolsó számot, a szűrőét, 12-re, 7-re vagy 13-ra.

# %%
# en: the last number is the filter, 0 to 15
# hu: az utolsó szám a szűrőé, 0 és 15 között
dlbench.viz.draw_filter(cnn.model_path, digit, 0)

# %% [markdown] lang="en"
# <details><summary>Which borders?</summary>
#
# Where we trained, filter 0 is red on the left and below, blue on the right and above. So its map is red where a stroke is bright and the ground to its right or above it is dark: along the right and the upper borders of the 7, and blue along the left and the lower ones. 12 is the reverse, red along the
# left borders; 7 is red along the right and the lower ones. Where the whole stroke has one colour, as in 13, the filter looks for bright spots, or for nothing that has a name.
#
# </details>
#
# The next cell draws the maps of every convolution. **Guess first:** the maps of the last convolution are only 7 pixels wide. Why?

# %% [markdown] lang="hu"
# <details><summary>Melyik szélei?</summary>
#
# Nálunk a 0-s szűrő balra és lent piros, jobbra és fönt kék. A térképe tehát ott piros, ahol egy vonal világos, tőle jobbra vagy fölötte pedig sötét a háttér: a 7-es vonalainak jobb és felső szélén; a bal és az alsó szélén kék. A 12. szűrő fordítva, a bal széleken
# piros; a 7. szűrő a jobb és az alsó széleken. Ahol az egész vonal egyszínű, mint a 13-ason, az a szűrő világos foltot keres, vagy olyasmit, aminek nincs neve.
#
# </details>
#
# A következő cella mindegyik konvolúció térképeit kirajzolja. **Előbb tippelj:** az utolsó konvolúció térképei csak 7 képpont szélesek. Miért?

# %%
dlbench.viz.draw_activations(cnn.model_path, digit)

# %% [markdown] lang="en"
# **What to see:** in the first maps you still recognise the digit, in the last ones you no longer do. Each pooling halves the sides: 28, 14, 7 pixels (and after the third 3). The exact place gets lost, and what remains
# is which strokes there are: just what it takes to name a digit.
#
# ## What decided: relevance
#
# *Minutes 55-59*
#
# *Relevance* says how much each part of the picture speaks for an answer. dlbench finds it in the way that fits the network and names that way above the picture. For this CNN it is *occlusion*: one small patch
# after the other is hidden, and if the answer gets weaker, the patch spoke for it. For the photos further down it is *cam*: the last maps, each times its weight in the head, are added up.
#
# Here the colours mean something else again: red parts speak *for* the answer, blue parts *against* it. Beside it stands the same map for the digit in second place: there red would have spoken for that one.
# **Guess first:** which part of the digit decides?

# %% [markdown] lang="hu"
# **Mit látsz:** az első térképeken még felismered a számjegyet, az utolsókon már nem. Minden összevonás megfelezi az oldalakat: 28, 14, 7 képpont (a harmadik után 3). A pontos hely elvész, és az marad meg,
# milyen vonalak vannak a képen: pontosan az, ami egy számjegy megnevezéséhez kell.
#
# ## Mi döntött: a relevancia
#
# *55–59. perc*
#
# A *relevancia* azt mondja meg, mennyire szól a kép egy-egy része egy válasz mellett. A dlbench a hálóhoz illő módszert választja, és a kép fölött megnevezi. Ennél a CNN-nél ez az *occlusion* (kitakarás): sorban letakar egy-egy kis
# foltot, és ha ettől gyengül a válasz, akkor a folt mellette szólt. A lenti fényképeknél a *cam*: az utolsó térképeket a fejben kapott súlyukkal összegzi.
#
# A színek itt megint mást jelentenek: a piros részek a válasz *mellett* szólnak, a kékek *ellene*. Mellette a második helyezett számjegy térképe áll: ott az a piros, ami azt a számjegyet támogatja.
# **Előbb tippelj:** a számjegy melyik része dönt?

# %%
dlbench.viz.relevance_pictures(cnn.model_path, digit)

# %% [markdown] lang="en"
# **How to read it:** the top row is the map, the one below it the same over the digit. Two checks stand beside them.
#
# *Deletion:* the black lines are the probability of the answer while pixels are taken away: solid the most relevant ones first, dashed in any order (the grey band: several orders). The area under a line says how long the answer holds out. **The map passes if the solid line's area is below the range of all those orders:** what it paints red really decided. The legend names both, and "passes" or "fails". (Violet is the second place; its map may fail, for it had little to lose.)
# In our run the probability of the 7 was down from 99 to 20 % once 15 % of the pixels were gone. Then it comes back to about 50 % and stays level: only the upper part of the hook at the left end of the bar is left (blue in the map, so it goes last), and this network takes even that for a 7. Black is now replaced by black, which changes nothing. In the last step the hook goes, and the empty picture, at the dot, is a 1 (45 %), for the network must answer something.
#
# <details><summary>Which part decides?</summary>
#
# The bar from its middle on, and the stem: there the map is red. The hook at the left end of the bar speaks against the 7, a little: with the rest there, the answer is stronger without it. Alone it still looks most like a 7.
#
# </details>
#
# *Sanity check:* with shuffled weights the map must change; if it did not, it would show the picture and not the network. "Changed", above the lowest maps, is what you want. (The number says how alike the two maps are: 1 is the same, at most 0.50 passes.)
#
# **Try it:** write 33 in place of the 0 behind `number =` above and run that cell again, then the one of relevance (the maps between may be left out). Then, if there is time, 131 and 409: these digits are hard. **Which part** misleads the network?
#
# <details><summary>Which part?</summary>
#
# Where we trained: **33** is a 0 and was taken for an 8 (64 %; second: 0, 28 %). Its filled upper end and its lower left are red for the 8; blue lies on the stroke at the right, which makes it a 0. **131** is a 1, taken for a 2 (64 %; second: 1, 13 %): its foot is
# red for the 2 and blue for the 1. **409** is a 1 with a thick head and a wide foot, taken for a 2 (39 %; second: 4, 19 %): no part is clear, and the network is unsure. If your network gets one right, look at how unsure it is.
#
# </details>
#
# ## Cats and dogs: a borrowed network
#
# *Minutes 59-63*
#
# A CNN of your own would need many thousands of photos. A borrowed one needs a few hundred: 200 of each class are enough.
#
# The photos: a folder `photos` beside this notebook, or beside the folder in which it lies, with one folder for each class (`photos/cat/`, `photos/dog/`), JPEG, PNG and others mixed. On Colab mount your
# Drive and give the path. **Without a folder the cell takes 120 small pieces of two photos, a temple and a flower:** an easier task, for which 60 of each do, but enough to see each step; read "temple or flower" where the text
# below says "cat or dog". The title of the table says which pictures were taken. A phone's HEIC pictures can't be read: save them as JPEG.

# %% [markdown] lang="hu"
# **Így olvasd:** a felső sor a térkép, az alatta lévő ugyanaz a számjegyre fektetve. Velük két ellenőrzés áll.
#
# *Törlés:* a fekete vonalak a válasz valószínűségét mutatják, ahogy a képpontok eltűnnek: a folytonosnál a legfontosabbak először, a szaggatottnál véletlen sorrendben (a szürke sáv: több sorrend). A vonal alatti terület azt mondja meg, meddig tart ki a válasz. **A térkép akkor felel meg, ha a folytonos vonal alatt kisebb a terület, mint bármelyik véletlen sorrend vonala alatt:** ami rajta piros, az tényleg döntött. A jelmagyarázatban ott áll mindkettő, és az is: „megfelel” vagy „nem felel meg”. (A lila a második helyezett; az ő térképe nem mindig felel meg, mert alig volt vesztenivalója.)
# Nálunk a 7-es valószínűsége 99%-ról 20-ra esett, mire a képpontok 15%-a eltűnt. Aztán visszajön körülbelül 50%-ra, és vízszintes: már csak a vízszintes vonal bal végén a kampó felső része van meg (a térképen kék, ezért tűnik el utoljára), és ez a háló még azt is 7-esnek veszi. Innen feketét cserél feketére, és az nem változtat semmin. Az utolsó lépésben a kampó is eltűnik, és az üres képre, a pontnál, azt mondja, hogy 1-es (45%), hiszen felelnie kell valamit.
#
# <details><summary>Melyik rész dönt?</summary>
#
# A vízszintes vonal a közepétől, és a szár: ott piros a térkép. A vízszintes vonal bal végén a kampó egy kicsit a 7-es ellen szól: a többi mellett erősebb a válasz nélküle. Egyedül még mindig a 7-esre hasonlít a leginkább.
#
# </details>
#
# *Ellenőrző próba:* összekevert súlyokkal a térképnek meg kell változnia; ha nem változna, a képet mutatná, és nem a hálót. Az a jó, ha a legalsó térképek fölött az áll: „megváltozott”. (A szám azt mondja meg, mennyire hasonlít a két térkép: az 1 ugyanaz, legfeljebb 0,50 felel meg.)
#
# **Próbáld ki:** a fenti `number =` után a 0 helyére írj 33-at, futtasd újra azt a cellát, aztán a relevanciáét (a térképek kimaradhatnak). Utána, ha van idő, 131 és 409: ezek nehéz számjegyek. **Melyik részük** vezeti félre a hálót?
#
# <details><summary>Melyik rész?</summary>
#
# Nálunk: a **33** egy 0, a háló 8-nak vette (64%; a második: 0, 28%). A kitöltött felső vége és a bal alja piros a 8-nál; kék a jobb oldali vonalon van, az tenné 0-vá. A **131** egy 1, 2-nek vette (64%; a második: 1, 13%): a talpa a 2-nél piros,
# az 1-nél kék. A **409** egy vastag fejű, széles talpú 1, 2-nek vette (39%; a második: 4, 19%): egyik része sem egyértelmű, a háló bizonytalan. Ha a te hálód eltalálja valamelyiket, azt nézd meg, mennyire bizonytalan.
#
# </details>
#
# ## Macskák és kutyák: egy kölcsönvett háló
#
# *59–63. perc*
#
# Egy saját CNN-hez sok ezer fénykép kellene. Egy kölcsönvett hálóhoz elég néhány száz, mindkét osztályból 200.
#
# A fényképek: egy `photos` mappa a jegyzetfüzet mellett (vagy a jegyzetfüzet mappája mellett), benne minden osztálynak egy-egy mappa (`photos/cat/`, `photos/dog/`), JPEG, PNG és más formátum vegyesen. A Colabon
# csatold a Drive-odat, és add meg az útvonalat. **Mappa nélkül a cella két fénykép, egy templom (temple) és egy virág (flower) 120 kis részletét használja:** könnyebb feladat, amelyhez 60-60 is elég, de minden lépés látszik rajta; ilyenkor „macska vagy
# kutya” helyett „templom vagy virág” értendő. A táblázat címe megmondja, milyen képekkel dolgozol. A telefonok HEIC-képeit nem olvassa: mentsd őket JPEG-be.

# %%
# en: Colab: from google.colab import drive; drive.mount("/content/drive"), then PHOTOS = "/content/drive/MyDrive/photos"
# hu: Colab: from google.colab import drive; drive.mount("/content/drive"), majd PHOTOS = "/content/drive/MyDrive/photos"
import os

here = next((folder for folder in ("photos", "../photos") if os.path.isdir(folder)), "sample-photos")
PHOTOS = os.environ.get("DLBENCH_PHOTOS") or here
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
# <details><summary>Could the background give it away?</summary>
#
# Dogs on lawns, cats on sofas: then the network may learn the lawn. With temple and flower, yes: many pieces of the flower are plain green or dark, many of the temple sky and water.
#
# </details>
#
# ### The borrowed network
#
# MobileNetV2 knows a thousand kinds of things from ImageNet, 1.3 million photos. It takes photos of 224 x 224 pixels, so smaller ones are enlarged. Its convolutions, the *backbone*, stay frozen; only a new *head*, which gives one number for each class, is trained.
#
# ```
# backbone, frozen: 2.2 million weights       head, trained: 1,280 x 2 + 2 = 2,562 weights
# photo → [stage][stage] ... [stage] → 1,280 numbers → [head] → cat 0.97, dog 0.03
# ```
#
# **Look at the last column:** a single line says "trained". (*Conv2dNormActivation* and *InvertedResidual* are kinds of stages, a few convolutions each; "-, kept": nothing there learns.)

# %% [markdown] lang="hu"
# <details><summary>Elárulhatja a háttér?</summary>
#
# Kutya a füvön, macska a kanapén: akkor lehet, hogy a füvet tanulja meg. Templomnál és virágnál igen: a virág sok részlete csupa zöld vagy sötét, a templomé ég és víz.
#
# </details>
#
# ### A kölcsönvett háló
#
# A MobileNetV2 ezerféle dolgot ismer az ImageNet 1,3 millió fényképéről. 224 × 224 képpontos fényképeket vár, a kisebbeket ezért felnagyítjuk. A konvolúciói, a *gerinchálózat* (backbone), befagyasztva maradnak; csak egy új *fejet* (head) tanítunk, amely mindkét osztályhoz ad egy számot.
#
# ```
# gerinchálózat, befagyasztva: 2,2 millió súly       fej, tanul: 1280 × 2 + 2 = 2562 súly
# fénykép → [szakasz][szakasz] ... [szakasz] → 1280 szám → [fej] → macska 0,97, kutya 0,03
# ```
#
# **Nézd az utolsó oszlopot:** egyetlen sorban áll „tanul”. (A *Conv2dNormActivation* és az *InvertedResidual* a szakaszok fajtái, egy-egy néhány konvolúció; „-, megtartva”: ott semmi sem tanul.)

# %%
dlbench.inspect_backbone("mobilenet_v2", freeze="all", outputs=len(photos.classes))

# %% [markdown] lang="en"
# **Guess, and write it down:** of 100 test photos, how many will it get right? And a small CNN that starts from nothing, on the same photos?
#
# ## Frozen, last stages, from scratch
#
# *Minutes 63-69*
#
# First the head alone learns; the backbone stays *frozen*.

# %% [markdown] lang="hu"
# **Tippelj, és írd fel:** 100 tesztképből hányat talál el? És egy kis CNN, amely nulláról indul, ugyanezeken a képeken?
#
# ## Befagyasztva, utolsó szakaszok, nulláról
#
# *63–69. perc*
#
# Először csak a fej tanul; a gerinchálózat *befagyasztva* marad.

# %%
frozen = dlbench.train_network("transfer", data=PHOTOS)
frozen

# %% [markdown] lang="en"
# **How to read it:** the accuracy, and its interval: with few test photos it is wide, so even 100 % is no promise. *Parameters* says how few weights were trained. The frozen part is computed once for each photo;
# its 1,280 numbers are stored, and the training works on the head alone, so all epochs together take no more than seconds.
#
# Now three ways side by side (up to a minute with photos): *frozen*, as above; *last 3*, in which the last three stages learn too, more slowly than the head, so as not to spoil what they know; and the small CNN
# *from scratch*. **Guess:** is *last 3* better?

# %% [markdown] lang="hu"
# **Így olvasd:** a pontosság és az intervalluma: kevés tesztképnél széles, ezért még a 100% sem ígéret. A *paraméter* sor mondja meg, milyen kevés súly tanult. A befagyasztott részt minden képre
# egyszer számoljuk ki; az 1280 számát eltesszük, és a tanítás csak a fejen dolgozik, ezért az összes epoch együtt is csak másodpercekig tart.
#
# Most három módszer egymás mellett (fényképekkel legfeljebb egy perc): *befagyasztott*, mint az előbb; *utolsó 3*, amelyben az utolsó három szakasz is tanul, lassabban, mint a fej, hogy el ne rontsa, amit tud;
# és a kis CNN *nulláról*. **Tippelj:** jobb lesz az *utolsó 3*?

# %%
ways = dlbench.compare_freezing(data=PHOTOS)
ways.table()

# %% [markdown] lang="en"
# **Look at the intervals before you say which one is better.** If two of them overlap, these photos alone can't say it. *Frozen* and *last 3* always overlap here: a difference of a point or two may be chance, these photos can't tell. *From scratch*
# lies apart from both with cats and dogs; with the 24 test pieces of temple and flower all three overlap, so there even "frozen is better" is not shown. *Of all* is the share of the weights that was trained; *before* the time for what the frozen part gives, computed once (or read, where it was kept: then it is a fraction of a second here, though it took seconds above); *training energy* an estimate from time and cores. (The CNN has 549,138 weights here, not 98,810: a photo of 64 x 64 pixels leaves
# larger maps to its dense layer.) The last column, *epochs (kept)*, says how many there were and which was kept, or how much of
# what the last stages learned was kept: 25 % means that we went a quarter of the way from the old weights to the new, for there the validation loss was lowest; 0 %, that they stayed as they were. What came out elsewhere (one run each, with its interval):
#
# | | frozen | last 3 | from scratch |
# |---|---|---|---|
# | 500 cats and 500 dogs, 200 test photos | 97.5 % (94-99) | 98.0 % (95-99) | 73.0 % (66-79) |
# | 200 cats and 200 dogs, 80 test photos | 97.5 % (91-99) | 97.5 % (91-99) | 50.0 % (39-61): as if it guessed |
# | temple and flower, 24 test pieces | 100 % (86-100) | 100 % (86-100) | 83.3 % (64-93): overlaps |
#
# ## A photo of your own
#
# *Minutes 69-72*
#
# Which part of a photo decided? As it stands, the cell takes test photo 8: **put a number of your own,** 0 to 23, in place of the 8, and read two things: where is the red, and does the map of the answer pass (what stands beside the black line in the legend)? In class each pair takes another number. Then put the name of a photo of your own between
# the quotes (beside this notebook; on Colab upload it in the Files panel, the folder on the left), one that should fool it: neither cat nor dog, or a cat on a lawn.

# %% [markdown] lang="hu"
# **Nézd meg az intervallumokat, mielőtt kimondod, melyik a jobb.** Ha két intervallum átfedi egymást, ezekből a képekből nem derül ki. A *befagyasztott* és az *utolsó 3* itt mindig átfedi egymást: egy-két százalékpont a véletlen műve is lehet.
# A *nulláról* tanított háló macskánál és kutyánál mindkettőtől elválik; a templom és a virág 24 tesztképénél mindhárom átfedi egymást, ott tehát még az sem bizonyított, hogy a befagyasztott jobb. *Az összesből*: az összes súly mekkora része tanult; *előtte*: mennyi ideig tartott kiszámolni, amit a befagyasztott rész ad (egyszer kell; ahol már megvan, csak beolvassuk, ezért lehet itt töredék másodperc, fent pedig több); *a tanítás energiája*: az időből és a magokból becsülve. (A CNN-nek itt 549 138 súlya van, nem
# 98 810: a 64 × 64-es fénykép nagyobb térképet hagy a sűrű rétegének.) Az *epochok (megtartott)* oszlop mondja meg, hány epoch volt, és melyik maradt meg, vagy mennyi maradt meg abból, amit az utolsó szakaszok tanultak: a 25% azt, hogy a régi súlyoktól az újak felé az út negyedét tettük meg, mert ott volt a legkisebb a validációs veszteség; a 0% azt, hogy maradtak, amilyenek voltak. Más gépen ez jött ki (egy-egy
# futás, az intervallumával):
#
# | | befagyasztott | utolsó 3 | nulláról |
# |---|---|---|---|
# | 500 macska és 500 kutya, 200 tesztkép | 97,5% (94–99) | 98,0% (95–99) | 73,0% (66–79) |
# | 200 macska és 200 kutya, 80 tesztkép | 97,5% (91–99) | 97,5% (91–99) | 50,0% (39–61): mintha találgatna |
# | templom és virág, 24 tesztkép | 100% (86–100) | 100% (86–100) | 83,3% (64–93): átfed |
#
# ## Saját fénykép
#
# *69–72. perc*
#
# A fénykép melyik része döntött? Így, ahogy van, a cella a 8-as tesztképet veszi: **írj a 8 helyére egy saját számot,** 0 és 23 között, és olvass le két dolgot: hol piros, és megfelel-e a válasz térképe (a jelmagyarázatban a fekete vonal mellett áll)? Az órán minden pár más számot vesz. Aztán írd egy saját fényképed nevét
# az idézőjelek közé (a jegyzetfüzet mellé tedd; a Colabon a bal oldali mappaikonnál töltsd fel), olyanét, amely becsapja: se macska, se kutya, vagy egy macska a füvön.

# %%
# en: such as "photo.jpg", beside this notebook
# hu: például "photo.jpg", a jegyzetfüzet mellett
photo, number = "", 8
data = dlbench.train.load(PHOTOS)
tested = dlbench.viz.picture_of_array(frozen.model_path, "photo", data.images[data.split.test[number]])  # (3, 224, 224)
dlbench.viz.relevance_pictures(frozen.model_path, photo or tested)

# %% [markdown] lang="en"
# **What to see:** the map is coarse, 7 by 7 places, for that is all that the last convolution keeps of the photo. Does the map pass? The check is that of the digit above.
#
# - **It passes:** the answer hangs on the red part. On the animal: fine. On the lawn or the sofa: the network may have learned the background.
# - **It fails:** taking away the red places hurt no more than taking away any others, so don't read the red as the reason. (Often the whole picture is cat, or temple, and no single part decides.)
#
# In our run 13 of the first 24 test photos passed (of 200 cats and 200 dogs); of temple and flower 7 of 24.
#
# <details><summary>Numbers 8 and 0 of temple and flower</summary>
#
# 8 passes (area 0.60; in any order 0.73 to 0.82): the large outer petals are red, most in the upper left; the small dark ones in the middle are not. 0 fails (0.98; 0.95 to 0.98): the whole piece is temple.
#
# </details>
#
# **Your own photo:** a car or a face becomes a cat or a dog all the same. The two probabilities add up to 1, and there is no "neither"; a high one does not mean that the network knows. (An empty picture, at the right end of the lines, is one even patch; the network must answer that too, often near half and half.)
#
# ## Time and price here
#
# *Minutes 72-77*
#
# The network is an ONNX file now (a format that many programs read): any machine with ONNX Runtime runs it, without torch. **Guess first, and write it down:** which is faster for one small digit, a CPU or a GPU? And for
# one photo? And how many times as long do 32 digits at once take as one?
#
# The next cell measures both networks with one picture and with 32 at once, for half a minute: `budget` is in seconds.

# %% [markdown] lang="hu"
# **Mit látsz:** a térkép durva, csak 7 × 7 mezőből áll, mert az utolsó konvolúció ennyit tart meg a képből. Megfelel a térkép? Az ellenőrzés ugyanaz, mint fent a számjegynél.
#
# - **Megfelel:** a válasz a piros részen múlik. Ha az állaton van, jó. Ha a füvön vagy a kanapén: lehet, hogy a hátteret tanulta meg.
# - **Nem felel meg:** a piros helyek eltüntetése nem ártott jobban, mint bármely más helyeké, ezért a pirosat ne vedd oknak. (Gyakran az egész kép macska, vagy templom, és nincs egyetlen rész, amely döntene.)
#
# Nálunk az első 24 tesztképből 13 felelt meg (200 macskából és 200 kutyából), a templom (temple) és a virág (flower) 24 részletéből 7.
#
# <details><summary>Templomnál és virágnál a 8-as és a 0-s</summary>
#
# A 8-as megfelel (a terület 0,60; véletlen sorrendben 0,73–0,82): a nagy külső szirmok pirosak, leginkább balra fent; a középső, sötét kicsik nem. A 0-s nem felel meg (0,98; 0,95–0,98): az egész részlet templom.
#
# </details>
#
# **A saját képed:** egy autó vagy egy arc is macska vagy kutya lesz. A két valószínűség összege 1, és nincs „egyik sem”; ha az egyik nagy, az nem jelenti azt, hogy a háló tudja. (Az üres kép, a vonalak jobb szélén, egyetlen egyszínű folt; a hálónak arra is felelnie kell, gyakran 50–50% körül.)
#
# ## Idő és ár ezen a gépen
#
# *72–77. perc*
#
# A háló most egy ONNX-fájl (sok program olvassa ezt a formátumot): bármely olyan gépen fut, amelyen van ONNX Runtime, torch nélkül is. **Előbb tippelj, és írd fel:** melyik a gyorsabb egyetlen kis számjegynél, a CPU vagy
# a GPU? És egy fényképnél? És hányszor annyi ideig tart 32 számjegy egyszerre, mint egy?
#
# A következő cella mindkét hálót megméri egy képpel és egyszerre 32-vel, fél percig: a `budget` másodpercben értendő.

# %%
# en: with machine_price=800 (what your machine cost, in USD) the column "own it" is filled too
# hu: machine_price=800 (ennyiért vetted a gépet, USD-ben): ettől a „saját” oszlopban is lesz szám
result = dlbench.compare(["cnn", "transfer"], providers=runtime.providers, batch_sizes=[1, 32], budget=30)
result.table()

# %%
result.table("cost")

# %% [markdown] lang="en"
# **How to read it:** *verdict* first: did it run where you asked for it? Then *median*, the time of one run. (* behind an interval: fewer than 5 rounds were calm, so all count; ~: fewer than 3, so take the figure as a hint. "Slowed: the probe by 10 %" is said of a small test computation before and after each round; the network itself may be slowed far more.) Divide the median of the 32 digits by that of one: it is less than 32, for a batch shares the work of starting. (For photos on 2 cores it was 25 to 48: one photo fills both already, and 32 no longer fit into the cache, the fast memory, so the batch gains little, or even loses.) If the
# intervals of two rows overlap, you can't say that one is faster. The costs follow from the times: twice as fast on the same machine is half the price. The title of the cost table says for how many answers the prices are (our 2 cores, rented: a million photos 5 to 11 cents, a million digits one at a time 0.06 to 0.13, in batches of 32 0.03 to 0.06); *own it* is the price of this machine shared out (*n/a*: the price list has none for
# it), *electricity* what the socket takes, *rent* a cloud machine of its kind, *Colab* its paid runtime.
#
# <details><summary>CPU or GPU? And 32 digits?</summary>
#
# For one small digit a GPU does not win, since starting the work and copying take longer than the work (130 µs on an H100, a large card; 153 with the copies; the CPU beside it 132). For a photo it does: 0.97 ms with the copies,
# the CPU 1.59 ms. 32 digits took that GPU no longer than one (158 µs with the copies), 2 cores 9 to 18 times as long, 16 cores twice as long. One digit was slower on 16 cores (132 µs) than on 2 (23 to 39): it is too little to share, and all 16 must be started and waited for.
#
# </details>

# %% [markdown] lang="hu"
# **Így olvasd:** előbb a *minősítést*: ott futott, ahol kérted? Aztán a *mediánt*, egy futás idejét. (Az intervallum utáni *: 5-nél kevesebb kör volt nyugodt, ezért mindegyik számít; ~: 3-nál is kevesebb, a szám csak tájékoztató. A „lelassult: a próba +10%” egy kis számításé a körök előtt és után; maga a háló ennél sokkal jobban is lassulhat.) Oszd el a 32 számjegyhez tartozó mediánt az egy számjegyhez tartozóval: a hányados 32-nél kisebb, mert a köteget egyszerre indítjuk. (Fényképnél 2 magon 25–48: már egy fénykép is lefoglalja mindkettőt, 32 pedig nem fér el a gyorsítótárban, így a köteg keveset nyer, vagy éppen veszít.) Ha két sor
# intervalluma átfedi egymást, nem mondható ki, hogy az egyik gyorsabb. A költség az időből következik: ami ugyanazon a gépen kétszer olyan gyors, fele annyiba kerül. A költségtáblázat címe mondja meg, hány válasz ára áll benne (a mi 2 magunk, bérelve: egymillió fénykép 5–11 cent, egymillió számjegy egyenként 0,06–0,13, 32-esével 0,03–0,06); a *saját* ennek a gépnek az ára elosztva (*nincs adat*: az árlistán
# nincs ára), az *áram* az, amit a konnektorból vesz, a *bérlés* egy hasonló felhőgép, a *Colab* a fizetős környezete.
#
# <details><summary>CPU vagy GPU? És 32 számjegy?</summary>
#
# Egyetlen kis számjegynél a GPU nem nyer, mert a munka elindítása és a másolás tovább tart, mint maga a munka (egy H100-on, egy nagy kártyán 130 µs, másolással 153; a mellette lévő CPU-n 132). Egy fényképnél nyer: másolással
# 0,97 ms, a CPU-n 1,59 ms. 32 számjegy ennek a GPU-nak annyi idő, mint egy (másolással 158 µs), 2 magon 9–18-szor annyi, 16 magon kétszer annyi. Egy számjegy 16 magon lassabb (132 µs), mint 2-n (23–39): kevés munka, nincs mit szétosztani, mégis mind a 16 magot el kell indítani és meg kell várni.
#
# </details>

# %% [markdown] lang="en"
# ## The page of the class
#
# *Minutes 77-82*
#
# **Hand in** `my-result.json`, unless you handed in a file of yours before the lesson: one file a laptop. The next cell writes it beside this notebook (on Colab: Files panel, the three dots beside it, Download); rename it (`my-result-anna.json`), so that the files of a class can lie in one folder. Inside it are no names and no folders of yours.

# %% [markdown] lang="hu"
# ## Az osztály közös jelentése
#
# *77–82. perc*
#
# **Add le** a `my-result.json` fájlt, ha az óra előtt még nem adtál le: egy laptop, egy fájl. A következő cella írja a jegyzetfüzet mellé (a Colabon: bal oldali mappaikon, a fájl melletti három pont, Letöltés). Nevezd át (`my-result-anna.json`), hogy az osztály fájljai elférjenek egy mappában. A tartalmában nincs sem neved, sem mappád.

# %%
str(result.save("my-result.json"))

# %% [markdown] lang="en"
# Your teacher makes one page of all that was handed in, with `dlbench report handed-in/` in a terminal. The next cell makes the same page of your own result (alone at home, that is your page; the .html below it opens in a browser). **Take one question:** scroll to the lines that open, below the tables; a click on "Questions for the class", below "Warnings" and "More charts",
# shows them. (On top: the fastest and the cheapest, "@32" for 32 at once, "±" for how far the interval reaches on its longer side, *best batch* for the most answers a second (where the intervals of two overlap, the smaller one); "can I trust it?" names the share of calm rounds, and says "no" where more than a quarter of the rows have a ~, "mostly" where any row has a ~ or a *. With "no", trust which is faster, not by how much.) Answer in two sentences: a reason, and a figure from a table. (A photo takes ten to several hundred times as long as a digit, so that ratio stands in the first sentence of the page; in brackets its interval.)

# %% [markdown] lang="hu"
# A leadott fájlokból a tanárod egyetlen oldalt készít egy terminálban: `dlbench report handed-in/`. A következő cella ugyanilyet készít a saját eredményedből (ha otthon, egyedül dolgozol, ez a te oldalad; az alatta álló .html böngészőben nyílik meg). **Válassz egy kérdést:** görgess a táblázatok alatti kinyitható sorokig; kattints a „Kérdések az osztálynak” sorra (a „Figyelmeztetések” és a „További ábrák” alatt). (Legfölül a leggyorsabb és a legolcsóbb: „@32” azt jelenti, hogy egyszerre 32, „±” azt, meddig ér az intervallum a hosszabbik oldalán, a *legjobb köteg* adja a legtöbb választ másodpercenként (ha két kötegé átfedi egymást, a kisebb); a „megbízható?” a nyugodt körök arányát mondja meg, és „nem”-et, ha a sorok több mint negyedénél ~ áll, „többnyire”-t, ha bármelyiknél ~ vagy * áll. Ha „nem”, a sorrendet hidd el, a különbség nagyságát ne.)
# Felelj két mondatban: egy ok, és egy szám valamelyik táblázatból. (Egy fényképhez tízszer vagy akár több százszor annyi idő kell, mint egy számjegyhez, ezért ez az oldal legnagyobb aránya; zárójelben az intervalluma.)

# %%
dlbench.write_report(result)

# %% [markdown] lang="en"
# <details><summary>What good answers contain</summary>
#
# Each has a reason and a figure. *32 times the work, not 32 times as long:* weights are read once for all, the start is shared, and the first picture waits for the last. *A larger batch gains nothing:* the cores or the memory are fully used by one picture already, and 32 photos no longer fit into the cache.
# *So many times the multiplications, but not the time:* memory traffic and starting each step count too; the one with more multiplications a second uses the hardware better (on our quiet machine 2.2 million in 23 µs were 96 billion a second, 299 million in 1.9 ms about 157 billion). The page's ratio may differ from that of the two medians, on a disturbed machine by a fifth: it compares round by round. *Right more often, but dearer:* depends on what an error costs; look at the intervals first. *Disturbed and calm rounds:* report the calm ones, and say what the others were.
# *What does the purchase add?* Its price shared out: 800 USD over 3 years at 4 hours a day are 18 cents an hour; divide by the answers an hour. It is paid for once the rent that it saves equals its price (at 0.10 an hour some 8,000 hours: five and a half years, longer than the 3 that it is kept), or from the start where it was bought for something else. *Training against answers:* a class trains once and asks little, so the training counts; a product answers millions of times, so the answers do.
#
# </details>
#
# ## Buy, rent or Colab?
#
# *Minutes 82-87*
#
# Who pays what? *A card of your own:* all of it at once, used or not, then electricity. *Rented:* each hour that it is on, used or not. *Free Colab:* nothing, but nobody guarantees the hour or the GPU, and the files vanish with the runtime.
#
# One example: a card of your own for 299 USD (an RTX 4060 at its price of 2023, the card alone: you have the computer), or a rented machine with a T4 card, two hours a day. (Both cards are taken as equally fast.) **Guess first:** after how many months has the card paid for itself?

# %% [markdown] lang="hu"
# <details><summary>Mi van egy jó válaszban?</summary>
#
# Mindegyikben egy ok és egy szám. *32-szeres munka, nem 32-szeres idő:* a súlyokat egyszer olvassa be mindenkinek, az indulás közös, és az első kép az utolsóra vár. *A nagyobb köteg nem gyorsít:* a magokat vagy a memóriát már egy kép is teljesen lefoglalja, és 32 fénykép nem fér el a gyorsítótárban.
# *Ennyiszer több szorzás, de nem ennyiszer több idő:* a memóriaforgalom és a lépések elindítása is számít; az a háló használja ki jobban a hardvert, amelyik másodpercenként többet szoroz (a mi nyugodt gépünkön 2,2 millió 23 µs alatt másodpercenként 96 milliárd, 299 millió 1,9 ms alatt körülbelül 157 milliárd). Az oldalon álló arány eltérhet a két medián hányadosától, megzavart gépen akár ötödével is, mert az oldal körönként hasonlítja össze az időket. *A jobb háló drágább:* attól függ, mibe kerül egy hiba; előbb az intervallumokat nézd meg. *Megzavart és nyugodt körök:* a nyugodtakat közöld, és mondd el, milyenek voltak a többiek.
# *Mennyit tesz hozzá a vételár?* Az ára elosztva: 800 USD három évre, napi 4 órával óránként 18 cent; ezt oszd el az óránkénti válaszokkal. Akkor van kifizetve, amikor a megspórolt bér eléri az árát (óránként 0,10 USD-nél mintegy 8000 óra: öt és fél év, több, mint a 3, ameddig megtartjuk), vagy eleve, ha úgyis másra vették. *Tanítás és válaszok:* egy osztály egyszer tanít, és keveset kérdez, ott a tanítás számít; egy termék milliószor válaszol, ott a válaszok.
#
# </details>
#
# ## Venni, bérelni vagy Colab?
#
# *82–87. perc*
#
# Mit mikor fizetünk? *Saját kártya:* mindent egyszerre, akár használjuk, akár nem, utána az áramot. *Bérlés:* minden órát, amíg be van kapcsolva, akár használjuk, akár nem. *Ingyenes Colab:* semmit, de sem az órát, sem a GPU-t nem
# garantálja senki, és a fájlok a környezettel együtt eltűnnek.
#
# Egy példa: saját kártya 299 USD-ért (egy RTX 4060, 2023-as áron, csak a kártya: számítógéped már van), vagy egy bérelt gép T4 kártyával, napi két óra. (A két kártyát egyforma gyorsnak vesszük.) **Előbb tippelj:** hány hónap alatt hozza vissza az árát a kártya?

# %%
choice = dlbench.buy_or_rent(own="rtx-4060", rent="aws-g4dn-xlarge", hours_per_day=2)
choice

# %%
choice.charts()

# %% [markdown] lang="en"
# **How to read it:** the dot of the first chart is where owning (the blue line) catches up with renting (the orange one): after about 9 months, some 535 hours of use. From about half an hour a day on, the card pays within three years. In the second chart the solid
# line is the answer as asked, the two ends of a bar are what comes out at a lower and a higher value of one assumption; left of the dotted 0 (where a bar reaches it) renting is cheaper. A long bar moves the answer a lot: change that one before you argue about the others.
#
# **Try it:** put `hours_per_day=0.3` (two hours a week) into the cell above the charts, then 4, and run it again. Compare "own" and "rent" in the column of 36 months.
#
# <details><summary>What comes out?</summary>
#
# At 0.3 hours a day renting is cheaper (about 190 USD against 305), at 4 hours owning (about 384 against 2,533): it catches up after 4 months. The hours of use until then are the same each time. Colab's paid T4 is cheaper than both
# (at 2 hours a day 234 USD in three years), but nobody guarantees you the card, and a session ends when Colab ends it. And a card costs in a shop what it costs today: ask, and put that into the sum.
#
# </details>
#
# ## Who was right?
#
# *Minutes 87-90*
#
# Look at your guesses: the accuracies of the dense network and the CNN, frozen and from scratch, CPU or GPU, the months. Which one was furthest off, and what did you not know when you guessed?

# %% [markdown] lang="hu"
# **Így olvasd:** az első ábrán a pont az, ahol a saját kártya (a kék vonal) utoléri a bérlést (a narancssárgát): körülbelül 9 hónap, azaz mintegy 530 óra használat után. Nagyjából napi fél órától a kártya három éven belül megtérül. A másodikon a folytonos vonal
# a mostani válasz, egy sáv két vége az, ami egy feltevés kisebb és nagyobb értékénél jön ki; a pontozott 0-tól balra (ha egy sáv odáig ér) a bérlés az olcsóbb. A hosszú sáv erősen befolyásolja a választ: előbb azt változtasd meg, és csak utána vitatkozz a többiről.
#
# **Próbáld ki:** írd az ábrák fölötti cellába azt, hogy `hours_per_day=0.3` (heti két óra), aztán azt, hogy 4, és futtasd újra. A 36 hónap oszlopában vesd össze a „saját” és a „bérelt” sort.
#
# <details><summary>Mi jön ki?</summary>
#
# Napi 0,3 óránál a bérlés az olcsóbb (körülbelül 190 USD, a saját 303), napi 4 óránál a saját (körülbelül 358 USD, a bérlés 2533): ekkor 4 hónap alatt térül meg. Az addigi használati órák száma mindig ugyanannyi. A Colab fizetős T4-e
# mindkettőnél olcsóbb (napi 2 óránál három év alatt 234 USD), de senki sem garantálja a kártyát, és a futásnak akkor van vége, amikor a Colab leállítja. És egy kártya a boltban annyi, amennyi ma: kérdezd meg, és azzal számolj.
#
# </details>
#
# ## Kinek lett igaza?
#
# *87–90. perc*
#
# Nézd meg a tippjeidet: a sűrű háló és a CNN pontossága, a befagyasztott és a nulláról tanított háló, CPU vagy GPU, a hónapok. Melyik tipped volt a legmesszebb a valóságtól, és mit nem tudtál, amikor tippeltél?

# %% [markdown] lang="en"
# ## If time is left, or at home: int8
#
# int8 stores each weight in one byte in place of four. **Guess first:** how many times as fast is it here? Four times?

# %% [markdown] lang="hu"
# ## Ha marad idő, vagy otthon: int8
#
# Az int8 négy helyett egy bájton tárolja a súlyokat. **Előbb tippelj:** hányszor olyan gyors itt? Négyszer?

# %%
small = dlbench.export_model("transfer", precision="int8")
small

# %% [markdown] lang="en"
# **What to see:** the file is a little more than a quarter of the size; the layers that stay float are named. The next cell says whether it is also faster, for a digit (cnn) and for a photo (transfer); it
# takes half a minute.

# %% [markdown] lang="hu"
# **Mit látsz:** a fájl mérete alig több az eredeti negyedénél; a lebegőpontosnak hagyott rétegeket megnevezi. A következő cella megmondja, gyorsabb-e is, egy számjegynél (cnn) és egy fényképnél (transfer); fél
# percig tart.

# %%
smaller = dlbench.compare(["cnn", "transfer"], precision="fp32,int8", batch_sizes=[1], budget=30)
smaller.table()

# %%
# en: and the accuracy of each
# hu: és mindegyik pontossága
smaller.table("networks")

# %% [markdown] lang="en"
# **How to read it:** divide the medians of fp32 and int8: that is how many times as fast int8 is. If the intervals overlap, you can't say that it is faster at all. With a ~ trust at most which is faster, not by how much: where the machine was slowed, the same cnn may take twice as long as in the table above. (Close other programs and run the cell with `budget=60`.) No loss of accuracy shows; for the photos, with few in the test, a small one could not.
#
# <details><summary>Four times?</summary>
#
# On a quiet machine, seldom. A quarter of the bytes helps where memory was the limit; multiplying gains only where the processor has instructions for 8 bits. The borrowed network was about twice as fast on a CPU that has them (VNNI) and 1.5 times on one
# without; the small CNN gained nothing on both (0.8 to 1 times), because turning values into 8 bits and back takes longer than its small layers save: these conversions are why its 18 steps become 41 (and the 102 of the borrowed network 315). On busy machines we have seen 1.3 to 9 times for the same borrowed network: the two rows were not disturbed alike. So look for the ~ before you
# repeat yours. `!dlbench doctor` says whether this CPU has VNNI.
#
# </details>
#
# ## At home: on hardware that is not here
#
# Nothing ran on these devices: the ranges come from a formula that was fitted to published measurements. "Than here" compares with this machine, and says "can't tell" where its
# time lies inside the range. "Bound by" says what takes the time at best: arithmetic, memory, or launches (starting each step). A TPU has no row: ONNX Runtime has no use for one.
# "Published there": what others measured with this network on that device, with the number format in brackets: 61.9 ms in fp32 does not contradict 18-48 ms in int8. (m): one figure behind this row was not looked up, so trust the row less. To add a time of your own, write `dlbench.estimate(smaller, on=[...], known=["l4:mobilenet_v2=1.2ms"])`, with your device, network and median. **If most rows say "can't tell",** that is an answer too: from published figures alone nobody can promise that this device is
# faster than yours, so measure before you buy.

# %% [markdown] lang="hu"
# **Így olvasd:** oszd el az fp32 mediánját az int8-éval: ennyiszer olyan gyors az int8. Ha az intervallumok átfedik egymást, nem mondható ki, hogy egyáltalán gyorsabb. Ahol ~ áll, legfeljebb azt hidd el, melyik a gyorsabb, azt ne, hogy mennyivel: ha a gép lelassult, ugyanannak a cnn-nek kétszer annyi idő is kellhet, mint a fenti táblázatban. (Zárd be a többi programot, és futtasd újra a cellát így: `budget=60`.) A pontosság nem romlott; a fényképeknél azonban, kevés tesztképpel, kis romlás nem is látszana.
#
# <details><summary>Négyszer?</summary>
#
# Nyugodt gépen ritkán. A negyedannyi bájt ott segít, ahol a memória volt a korlát; a szorzás csak akkor gyorsul, ha a processzornak van 8 bites utasítása. A kölcsönvett háló ilyen (VNNI-s) CPU-n körülbelül kétszer, VNNI nélkül 1,5-szer olyan gyors lett; a
# kis CNN egyiken sem nyert semmit (0,8–1-szeres sebesség), mert az értékek oda-vissza átalakítása tovább tart, mint amennyit a kis rétegei megspórolnak: ettől lesz a 18 lépéséből 41 (a kölcsönvett háló 102-jéből 315). Leterhelt gépen ugyanennél a kölcsönvett hálónál 1,3 és 9 között bármi kijött: a két sort nem egyformán zavarták. Nézd meg hát, van-e ~, mielőtt
# továbbadod a sajátodat. A `!dlbench doctor --lang hu` megmondja, van-e ebben a CPU-ban VNNI.
#
# </details>
#
# ## Otthon: olyan hardveren, amely nincs itt
#
# Ezeken az eszközökön semmi sem futott: a tartományok egy közölt mérésekre illesztett képletből származnak. Az „az ittenihez képest” oszlop ezzel a géppel hasonlít össze, és „nem dönthető el”
# áll benne, ha a gép ideje a tartományon belül van. A „legjobb esetben ez korlátozza” oszlop azt mondja meg, mire megy el az idő a legjobb esetben: számolásra, memóriára vagy a lépések elindítására. A TPU-nak nincs sora: az ONNX Runtime nem tud vele mit kezdeni.
# „Ott közzétéve”: amit mások ezzel a hálóval azon az eszközön mértek, zárójelben a számformátummal: az fp32-ben mért 61,9 ms nem mond ellent az int8 18–48 ezredmásodpercének. (m): a sor egyik kiinduló adatát nem ellenőrizték, ez a sor tehát kevésbé megbízható. Saját időt így adsz hozzá: `dlbench.estimate(smaller, on=[...], known=["l4:mobilenet_v2=1.2ms"])`, a te eszközöddel, hálóddal és mediánoddal. **Ha a legtöbb sorban „nem dönthető el” áll,** az is válasz: közölt számokból senki sem ígérheti, hogy az az eszköz gyorsabb a tiédnél, ezért vétel előtt mérj.

# %%
dlbench.estimate(smaller, on=["t4", "l4", "rpi4-4gb"])

# %% [markdown] lang="en"
# ### Which device would you choose?
#
# A hundred thousand answers a day, each within 50 ms. Every device of the price list is checked against that: "surely" means that its whole range is fast enough, "may" that only part of it is. The advice
# stands above the table, the cheapest device in its first row: read the advice and the first three rows, the others only say that nearly everything is fast enough. (A card costs 600 USD more here, for it needs a computer around it.) **Ask:** for how much of the day is it idle? ("busy" is the share of the day in which it works.)
#
# <details><summary>How idle?</summary>
#
# Nearly always. A hundred thousand answers of 1 ms are 100 seconds, 0.1 % of the day's 86,400; even of 4 ms half a percent. So the cheapest device is enough, and what a faster one adds is paid for nothing; it would count only if all answers were asked for at once.
#
# </details>

# %% [markdown] lang="hu"
# ### Melyik eszközt választanád?
#
# Napi százezer válasz, mindegyik 50 ms-on belül. Az árlista minden eszközét ehhez mérjük: „biztosan”: az egész tartománya belefér; „talán”: csak egy
# része. A tanács a táblázat fölött áll, a legolcsóbb eszköz az első sorban. **Kérdés:** a nap mekkora részében áll tétlenül? (A „foglalt” oszlop az, amikor dolgozik.) Egy kártya ára itt 600 USD-vel több, mert számítógép is kell köré. Elég a tanácsot és az első három sort elolvasni; a többi csak azt mondja, hogy szinte minden elég gyors.
#
# <details><summary>Mekkora részében?</summary>
#
# Szinte egész nap. Százezer válasz 1 ezredmásodpercével 100 másodperc, a nap 86 400 másodpercének 0,1 százaléka; 4 ezredmásodperccel is csak fél százaléka. A legolcsóbb eszköz tehát elég, egy gyorsabbért fölöslegesen fizetnénk; csak akkor számítana, ha minden választ egyszerre kérnének.
#
# </details>

# %%
dlbench.choose(smaller, latency="50ms", per_day=100_000, network="transfer")

# %% [markdown] lang="en"
# ## Discussion
#
# **1.** The GPU is the faster chip. Why does it not win for one small digit?
#
# <details><summary>What a good answer contains</summary>
#
# Starting the work and copying the digit there and back take a fixed time, and for one digit that is nearly all of it. With 32 digits, or with a photo, there is enough work to share, and the order turns.
#
# </details>
#
# **2.** Your school has 30 pupils, each with two hours of this a week. Buy a card, rent, or Colab?
#
# <details><summary>What a good answer contains</summary>
#
# For this lesson: no card at all. If all need a card at once: 30 cards, each used for 2 hours a week. If they take turns: one card, 60 hours a week. Compare each with the break-even point above
# (about 535 hours: the one card gets there in 9 weeks, each of the thirty after some 267 weeks, over seven school years, longer than it is kept); free Colab has an unpublished quota and is not guaranteed; a rented machine left
# running by mistake for a month costs 384 USD, for which a pupil could rent for nine school years (about 42 USD for 36 weeks each).
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
# Each accuracy: of 200 test photos one is half a point, of 80 more than one, of 24 more than four. And any time measured on a machine that was busy with something else: the report marks such rounds.
#
# </details>
#
# **5.** The network says "cat" with a probability of 98 %. Is it right in 98 of 100 such cases?
#
# <details><summary>What a good answer contains</summary>
#
# Only if it is calibrated, and that has to be measured: collect the answers given with about 98 % and count how many were right. `!dlbench viz errors transfer` draws it. And where the photo is of a car, the 98 % mean nothing at all.
#
# </details>
#
# **6.** A friend says: "I do it all on free Colab." What would you tell them?
#
# <details><summary>What a good answer contains</summary>
#
# It costs nothing, but nobody guarantees the hour or the GPU, the quota is not published, and the files vanish with the runtime: download what you need. Fine for a lesson, not for a service.
#
# </details>

# %% [markdown] lang="hu"
# ## Beszéljük meg
#
# **1.** A GPU a gyorsabb chip. Miért nem nyer egyetlen kis számjegynél?
#
# <details><summary>Egy jó válasz</summary>
#
# A munka elindítása és a számjegy oda-vissza másolása állandó idő, és egyetlen számjegynél szinte ez az egész. 32 számjegynél vagy egy fényképnél van mit szétosztani, ott megfordul a sorrend.
#
# </details>
#
# **2.** Az iskoládban 30 diáknak kell ez, fejenként heti két órára. Kártyát vennél, bérelnél, vagy Colabot használnál?
#
# <details><summary>Egy jó válasz</summary>
#
# Ehhez az órához semmilyen kártya nem kell. Ha mindenkinek egyszerre kell: 30 kártya, mindegyik heti 2 órára. Ha egymás után használják: egyetlen kártya, heti 60 órára. Mindkettőt a fenti megtérülési ponttal vesd össze (körülbelül 530 óra: az egyetlen
# kártya 9 hét alatt éri el, a harmincból mindegyik csak körülbelül 267 hét, több mint hét tanév alatt, pedig addig nem tartjuk meg); az ingyenes Colabnak van egy nem közölt kerete, és nincs rá garancia; egy hónapig bekapcsolva felejtett bérelt gép 384 USD, annyi, amennyiből egy diák kilenc tanéven át
# bérelhetne (36 hétre körülbelül 42 USD).
#
# </details>
#
# **3.** A relevancia a háttéren van, nem az állaton. A pontosság 98%. Használnád ezt a hálót?
#
# <details><summary>Egy jó válasz</summary>
#
# Nem, amíg máshonnan származó képeken ki nem próbáltad. Lehet, hogy a kanapét tanulta meg. Ezt az ugyanazokból a képekből vett tesztrész nem tudja megmutatni.
#
# </details>
#
# **4.** A mai számok közül melyiket nem adnád tovább az intervalluma nélkül?
#
# <details><summary>Egy jó válasz</summary>
#
# Egyik pontosságot sem: 200 tesztképnél egy kép fél százalékpont, 80-nál több mint egy, 24-nél több mint négy. És egyetlen időt sem, amelyet leterhelt gépen mértek: az ilyen köröket a jelentés megjelöli.
#
# </details>
#
# **5.** A háló 98%-os valószínűséggel azt mondja: macska. Ha 100-szor mond 98%-ot, körülbelül 98-szor lesz igaza?
#
# <details><summary>Egy jó válasz</summary>
#
# Csak ha kalibrált, és ezt meg kell mérni: gyűjtsük össze a körülbelül 98%-kal adott válaszokat, és számoljuk meg, hány volt jó. A `!dlbench viz errors transfer --lang hu` kirajzolja. Ha pedig a képen autó van, a 98% semmit sem
# jelent.
#
# </details>
#
# **6.** Egy barátod azt mondja: „Én mindent az ingyenes Colabon csinálok.” Mit mondanál neki?
#
# <details><summary>Egy jó válasz</summary>
#
# Semmibe sem kerül, de sem az órát, sem a GPU-t nem garantálja senki, a keretét nem közlik, és a fájlok a környezettel együtt eltűnnek: töltsd le, ami kell. Egy órához jó, egy szolgáltatáshoz nem.
#
# </details>
